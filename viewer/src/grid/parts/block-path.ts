// SPDX-License-Identifier: Apache-2.0
/** Where one is in the tree of blocks: the way up, the blocks below, and one's own. */
import { css, html, nothing, type TemplateResult } from 'lit';
import { nameOf, say, t } from '../../core/i18n';
import { box } from '../../core/ui/box';
import { shared, TwinElement } from '../../core/ui/element';
import { follow, go, grid, linkTo } from '../state';
import { look } from './look';

export class BlockPath extends TwinElement {
  static override styles = [shared, box, look, css`
    :host { display: grid; grid-template-columns: minmax(0, 1fr) auto; gap: 0.2rem 1rem; align-items: end; }
    nav { font-size: 0.86rem; display: flex; flex-wrap: wrap; gap: 0.1rem 0.4rem; color: var(--ink-2); }
    nav a { text-decoration: none; } nav a:hover { text-decoration: underline; }
    h2 { display: flex; flex-wrap: wrap; gap: 0.3rem 0.6rem; align-items: baseline; font-size: 1.35rem; }
    h2 code { font-size: 0.85rem; color: var(--ink-2); font-weight: 400; }
    .tools { display: flex; flex-wrap: wrap; gap: 0.5rem; align-items: center; }
    select { width: auto; max-width: 15rem; }
    @media print { .tools, .chip { display: none; } }
    @media (max-width: 760px) { :host { grid-template-columns: minmax(0, 1fr); } h2 { font-size: 1.15rem; } .tools { display: var(--tools, flex); } .tools select { flex: 1 1 9rem; max-width: none; } nav { font-size: 0.92rem; } nav a { padding: 0.2rem 0; } }
  `];
  override watched = [grid];

  override render(): TemplateResult {
    const { block, session } = grid.state;
    if (!block) return html``;
    const scope = session?.scope ?? [];
    const isHome = scope.includes(block.code);
    return html`<div><nav aria-label=${t('breadcrumb')}>${block.ancestors.map((one) => html`<a href=${linkTo({ code: one.code })}
          @click=${follow({ code: one.code, entry: null })}>${nameOf(one)}</a><span aria-hidden="true">›</span>`)}<span>${say(block.level_name)}</span></nav>
        <h2>${nameOf(block)} <code>${block.code}</code>${isHome ? html`<span class="chip good">${t('grid.own')}</span>` : nothing}</h2></div>
      <div class="tools">${block.children.length === 0 ? nothing : html`<select aria-label=${t('grid.down')} @change=${(event: Event) => {
          const field = event.target as HTMLSelectElement;
          if (field.value !== '') go({ code: field.value, entry: null });
          field.value = '';
        }}><option value="">${t('grid.down_to', { count: block.children.length })}</option>
          ${block.children.map((one) => html`<option value=${one.code}>${nameOf(one)}</option>`)}</select>`}
        ${isHome && scope.length === 1 ? nothing : html`<select aria-label=${t('grid.my_blocks')} @change=${(event: Event) => {
          const field = event.target as HTMLSelectElement;
          if (field.value !== '') go({ code: field.value, entry: null });
          field.value = '';
        }}><option value="">${t('grid.my_blocks')}</option>${scope.map((code) => html`<option value=${code}>${code}</option>`)}</select>`}</div>`;
  }
}

customElements.define('grid-path', BlockPath);
