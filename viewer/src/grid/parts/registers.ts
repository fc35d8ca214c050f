// SPDX-License-Identifier: Apache-2.0
/** A register: the list or the entry that is open, and beside it the map if it is wanted. */
import { css, html, nothing, type TemplateResult } from 'lit';
import { say, t } from '../../core/i18n';
import { box } from '../../core/ui/box';
import { shared, TwinElement } from '../../core/ui/element';
import { follow, grid, linkTo, openRegister } from '../state';
import './entry';
import './list';
import { look } from './look';
import './map';

export class RegistersPart extends TwinElement {
  static override styles = [shared, box, look, css`
    :host { display: grid; gap: 0.8rem; min-height: 0; min-width: 0; }
    nav { display: flex; gap: 0.4rem; overflow-x: auto; scrollbar-width: none; }
    nav a { padding: 0.4rem 0.85rem; border-radius: 2rem; border: 1px solid var(--line-2); background: var(--panel-solid); text-decoration: none; color: var(--ink);
      font-size: 0.9rem; white-space: nowrap; }
    nav a[aria-current] { background: var(--accent); border-color: var(--accent); color: #fff; }
    .with-map { display: grid; grid-template-columns: minmax(24rem, 32rem) minmax(0, 1fr); gap: 0.9rem; min-height: 0; }
    .with-map > .side { overflow: auto; min-height: 0; }
    :host([data-map]) { grid-template-rows: auto minmax(0, 1fr); }
    @media (max-width: 760px) {
      nav a { padding: 0.6rem 0.95rem; }
      .with-map { grid-template-columns: minmax(0, 1fr); grid-template-rows: minmax(15rem, 48%) minmax(0, 1fr); gap: 0.6rem; }
      .with-map > .side { order: 2; }
    }
  `];
  override watched = [grid];

  override render(): TemplateResult {
    const { registers, entry, map } = grid.state;
    const open = openRegister(grid.state);
    this.toggleAttribute('data-map', map);
    if (!open) return html`<p class="card none">${t('grid.no_registers')}</p>`;
    const part = entry === null ? html`<grid-list .narrow=${map}></grid-list>` : html`<grid-entry .register=${open.name} .number=${entry}></grid-entry>`;
    return html`<nav aria-label=${t('grid.registers')}>${registers.map(({ name, title }) => {
        const view = { register: name, entry: null, q: '', filter: '', sort: '' };
        return html`<a href=${linkTo(view)} aria-current=${name === open.name ? 'page' : nothing} @click=${follow(view)}>${say(title)}</a>`;
      })}</nav>
      ${map ? html`<div class="with-map"><div class="side">${part}</div><grid-map></grid-map></div>` : part}`;
  }
}

customElements.define('grid-registers', RegistersPart);
