// SPDX-License-Identifier: Apache-2.0
/** Bars of counts: incident types, and the blocks below this one (a click goes down into one). */
import { css, html, nothing, type TemplateResult } from 'lit';
import { count } from '../../core/format';
import { say, t } from '../../core/i18n';
import { shared, TwinElement } from '../../core/ui/element';
import { shortName } from '../block-names';
import { focusBlock } from '../drill';
import { wall } from '../state';
import { panel } from './panel';

interface Bar { label: string; value: number | null; go?: () => void }

const look = css`
  ol { display: grid; gap: 0.14rem; overflow: auto; min-height: 0; margin: 0 -0.4rem; }
  .bar { display: grid; grid-template-columns: minmax(0, 1fr) auto; gap: 0.1rem 0.6rem; width: 100%; text-align: left; font-size: 0.88rem;
    padding: 0.2rem 0.4rem 0.3rem; border-radius: 0.35rem; }
  button.bar:hover { background: var(--hover); }
  .bar span { white-space: nowrap; overflow: hidden; text-overflow: ellipsis; }
  .bar b { font-weight: 600; }
  .bar i { grid-column: 1 / -1; height: 0.28rem; border-radius: 0.2rem; background: var(--track); overflow: hidden; }
  .bar i::after { content: ''; display: block; height: 100%; width: var(--share); border-radius: inherit; background: var(--bar, var(--accent)); }
`;

function bars(list: Bar[]): TemplateResult {
  const most = Math.max(1, ...list.map(({ value }) => value ?? 0));
  return html`<ol>${list.map(({ label, value, go }) => {
    const inside = html`<span title=${label}>${label}</span><b class="number">${count(value)}</b>
      <i style="--share:${((value ?? 0) / most) * 100}%"></i>`;
    return html`<li>${go ? html`<button class="bar" @click=${go}>${inside}</button>` : html`<div class="bar">${inside}</div>`}</li>`;
  })}</ol>`;
}

export class TypeBars extends TwinElement {
  static override styles = [shared, panel, look, css`section { max-height: 100%; }`];
  override watched = [wall];

  override render(): TemplateResult {
    const types = wall.state.profile?.incidents?.by_type ?? [];
    return html`<section><h2>${t('types.title')}</h2>
      ${types.length === 0 ? html`<p class="empty">${wall.state.profile ? t('types.none') : t('waiting')}</p>`
        : bars(types.slice(0, 7).map(({ name, count: value }) => ({ label: say(name), value })))}
    </section>`;
  }
}

export class ChildBars extends TwinElement {
  static override styles = [shared, panel, look, css`
    :host { --bar: var(--warm); }
    section { height: 100%; }
  `];
  override watched = [wall];

  override render(): TemplateResult {
    const { block, profile } = wall.state;
    const open = new Map(profile?.children.map(({ code, incidents_open }) => [code, incidents_open]));
    const list = (block?.children ?? [])
      .map((child): Bar => ({ label: shortName(child, block), value: open.get(child.code) ?? null, go: () => { void focusBlock(child.code); } }))
      .toSorted((one, other) => (other.value ?? -1) - (one.value ?? -1));
    return html`<section><h2>${t('children.title')}${list.length > 0 ? html`<span class="number">${list.length}</span>` : nothing}</h2>
      ${list.length > 0 ? bars(list) : html`<p class="empty">${block ? t('children.none') : t('waiting')}</p>`}
    </section>`;
  }
}

customElements.define('wall-types', TypeBars);
customElements.define('wall-children', ChildBars);
