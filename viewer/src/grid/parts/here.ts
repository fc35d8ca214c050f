// SPDX-License-Identifier: Apache-2.0
/** “Where am I”: asked for by hand, answered with position, accuracy, blocks and building. */
import { css, html, nothing, type TemplateResult } from 'lit';
import { nameOf, say, t } from '../../core/i18n';
import { box } from '../../core/ui/box';
import { shared, TwinElement } from '../../core/ui/element';
import { findMe, here, type Here } from '../here';
import { follow, go, linkTo, registerOfLayer } from '../state';
import { look } from './look';

const ROUGH_M = 100;

export class HerePart extends TwinElement {
  static override styles = [shared, box, look, css`
    :host { position: relative; }
    svg { width: 1.25rem; height: 1.25rem; fill: none; stroke: currentcolor; stroke-width: 1.8; stroke-linecap: round; }
    .button { padding: 0 0.6rem; min-height: 2.3rem; }
    .told { position: absolute; right: 0; top: calc(100% + 0.4rem); z-index: 12; width: min(23rem, calc(100vw - 1.4rem)); background: var(--panel-solid);
      border: 1px solid var(--line-2); border-radius: 0.5rem; box-shadow: var(--shadow); padding: 0.8rem 0.95rem; display: grid; gap: 0.5rem; font-size: 0.92rem; }
    .top { display: flex; justify-content: space-between; gap: 0.6rem; align-items: center; } .close { width: 2rem; height: 2rem; border-radius: 0.4rem; flex: none; font-size: 1.1rem; }
    nav { display: flex; flex-wrap: wrap; gap: 0.15rem 0.45rem; }
    @media (max-width: 760px) { .button { min-height: 2.75rem; } .close { width: 2.75rem; height: 2.75rem; } nav a { padding: 0.35rem 0; } }
  `];
  override watched = [here];

  override render(): TemplateResult {
    const { busy, failure, found } = here.state;
    const isOpen = busy || failure !== '' || found !== null;
    return html`<button class="button" title=${t('grid.here')} aria-label=${t('grid.here')} aria-expanded=${isOpen ? 'true' : 'false'} ?disabled=${busy} @click=${() => { void findMe(); }}>
        <svg viewBox="0 0 24 24" aria-hidden="true"><circle cx="12" cy="12" r="6" /><path d="M12 2v4M12 18v4M2 12h4M18 12h4" /></svg></button>
      ${isOpen ? html`<div class="told" role="status"><div class="top"><b>${t('grid.here')}</b>
        <button class="close" aria-label=${t('close')} @click=${() => { here.set({ failure: '', found: null }); }}>×</button></div>
        ${busy ? html`<p class="note">${t('grid.here_waiting')}</p>` : failure === '' ? nothing : html`<p class="failed">${failure}</p>`}${found ? foundView(found) : nothing}</div>` : nothing}`;
  }
}

function foundView({ point, accuracy, located }: Here): TemplateResult {
  const { chain, building, reason, block_code: code } = located;
  const register = registerOfLayer('buildings');
  const toBuilding = building && register ? { code: code ?? '', part: 'registers', register: register.name, entry: building.id, q: '', filter: '', sort: '', box: '' } as const : null;
  return html`<p data-here>${t('grid.here_at', { place: point.map((one) => one.toFixed(6)).join(', '), accuracy: Math.round(accuracy) })}</p>
    ${accuracy > ROUGH_M ? html`<p class="warned">${t('grid.here_rough')}</p>` : nothing}
    ${chain.length === 0 ? html`<p class="failed">${say(reason)}</p>` : html`<nav aria-label=${t('breadcrumb')}>${chain.map((one, at) => html`${at === 0 ? nothing : html`<span aria-hidden="true">›</span>`}
      <a href=${linkTo({ code: one.code, entry: null })} @click=${follow({ code: one.code, entry: null })}>${nameOf(one)}</a>`)}</nav>`}
    ${toBuilding ? html`<p><a href=${linkTo(toBuilding)} @click=${follow(toBuilding)}>${building?.name ?? building?.code ?? `#${toBuilding.entry}`}</a></p>` : nothing}
    ${code === null ? nothing : html`<p><button class="button" @click=${() => { go({ code, part: 'registers', map: true, entry: null }); }}>${t('grid.here_show')}</button></p>`}`;
}

customElements.define('grid-here', HerePart);
