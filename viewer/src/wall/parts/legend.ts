// SPDX-License-Identifier: Apache-2.0
/** The layers that the server declares, as switches, each with its colours. */
import { css, html, nothing, type TemplateResult } from 'lit';
import type { Collection } from '../../core/api';
import { cityData } from '../../core/city-data';
import { legendOf } from '../../core/declared';
import { say, t } from '../../core/i18n';
import { shared, TwinElement } from '../../core/ui/element';
import { wall } from '../state';

export class Legend extends TwinElement {
  static override styles = [shared, css`
    :host { pointer-events: none; }
    ul { display: flex; flex-wrap: wrap; justify-content: center; gap: 0.4rem; pointer-events: none; }
    .layer { display: flex; align-items: center; gap: 0.55rem; background: var(--panel); border: 1px solid var(--line); border-radius: 2rem;
      padding: 0 0.8rem 0 0.65rem; min-height: 2rem; font-size: 0.82rem; pointer-events: auto; }
    .layer.off { opacity: 0.55; }
    label { display: flex; align-items: center; gap: 0.45rem; cursor: pointer; white-space: nowrap; }
    input { accent-color: var(--accent); width: 0.9rem; height: 0.9rem; margin: 0; }
    i { width: 0.62rem; height: 0.62rem; border-radius: 0.15rem; background: var(--swatch); flex: none; display: inline-block; }
    .point i { border-radius: 50%; } .line i { height: 0.18rem; width: 0.9rem; }
    ul ul { flex-wrap: nowrap; gap: 0.6rem; color: var(--ink-2); font-size: 0.76rem; border-left: 1px solid var(--line); padding-left: 0.6rem; }
    li li { display: flex; gap: 0.32rem; align-items: center; white-space: nowrap; }
    button { font-size: 0.82rem; white-space: nowrap; }
    .warn { color: var(--bad); font-size: 0.74rem; }
    @media (max-width: 1100px) {
      .layers { flex-wrap: nowrap; justify-content: start; overflow-x: auto; pointer-events: auto; }
      .layer { flex: none; }
    }
  `];
  override watched = [wall, cityData];
  #unfolded = false;

  override render(): TemplateResult {
    const { collections } = cityData.state;
    const { hidden, missing } = wall.state;
    // What is off from the start would take the picture's foot; it stands behind one switch.
    const folded = this.#unfolded ? [] : collections.filter(({ id, blocktwin }) => !blocktwin.visible && hidden.has(id) && !missing.includes(id));
    const all = collections.some(({ blocktwin }) => !blocktwin.visible);
    return html`<ul class="layers" aria-label=${t('legend.title')}>
      ${collections.filter((layer) => !folded.includes(layer)).map((layer) => this.#layer(layer))}
      ${all ? html`<li class="layer"><button aria-expanded=${this.#unfolded} @click=${() => { this.#unfold(); }}>
        ${this.#unfolded ? t('legend.less') : t('legend.more', { count: folded.length })}</button></li>` : nothing}</ul>`;
  }

  #unfold(): void {
    this.#unfolded = !this.#unfolded;
    this.requestUpdate();
  }

  #layer(layer: Collection): TemplateResult {
    const { hidden, missing } = wall.state;
    const { style, geometry, title } = layer.blocktwin;
    const lines = legendOf(layer);
    const shown = !hidden.has(layer.id);
    return html`<li class="layer ${geometry} ${shown ? '' : 'off'}">
      <label><input type="checkbox" .checked=${shown} @change=${() => { this.#toggle(layer.id, shown); }} />
        ${lines.length === 0 ? html`<i style="--swatch:${style.fill ?? style.stroke ?? 'var(--ink-2)'}"></i>` : nothing}${say(title)}</label>
      ${missing.includes(layer.id) ? html`<span class="warn">${t('legend.missing')}</span>` : nothing}
      ${lines.length > 0 && shown ? html`<ul>${lines.map(({ colour, label }) => html`<li><i style="--swatch:${colour}"></i>${label}</li>`)}</ul>` : nothing}
    </li>`;
  }

  #toggle(id: string, shown: boolean): void {
    const hidden = new Set(wall.state.hidden);
    if (shown) hidden.add(id);
    else hidden.delete(id);
    wall.set({ hidden });
  }
}

customElements.define('wall-legend', Legend);
