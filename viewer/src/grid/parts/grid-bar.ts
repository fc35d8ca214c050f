// SPDX-License-Identifier: Apache-2.0
/** Which city this is, the search, who is here, and the language. */
import { css, html, nothing, type TemplateResult } from 'lit';
import { client } from '../../core/client';
import { language, nameOf, switchLanguage, t } from '../../core/i18n';
import { roleName } from '../../core/roles';
import { box } from '../../core/ui/box';
import { shared, TwinElement } from '../../core/ui/element';
import { grid } from '../state';
import './here';
import { look } from './look';
import './search-box';

export class GridBar extends TwinElement {
  static override styles = [shared, box, look, css`
    :host { display: grid; grid-template-columns: auto minmax(12rem, 34rem) 1fr auto; gap: 0.9rem; align-items: center; padding: 0.6rem 1.2rem 0.5rem; }
    h1 { font-size: 1.1rem; font-weight: 650; margin: 0; white-space: nowrap; }
    .find { display: grid; grid-template-columns: minmax(0, 1fr) auto; gap: 0.5rem; align-items: center; }
    .who { justify-content: flex-end; }
    .chip.synthetic { color: var(--warm); background: color-mix(in srgb, var(--warm) 12%, transparent); }
    @media (max-width: 760px) {
      :host { grid-template-columns: minmax(0, 1fr) auto; gap: 0.4rem 0.5rem; padding: 0.4rem 0.7rem 0.5rem; }
      h1 { font-size: 0.98rem; overflow: hidden; text-overflow: ellipsis; } .find { grid-column: 1 / -1; grid-row: 2; } .space, .chip.role { display: none; }
      .button { min-height: 2.4rem; padding: 0 0.7rem; } .link { min-height: 2.4rem; padding: 0 0.3rem; }
    }
  `];
  override watched = [grid];

  override render(): TemplateResult {
    const { session, phase } = grid.state;
    const isIn = phase === 'ready' && session !== null && session.role !== 'public';
    return html`<h1>${session?.district ? nameOf(session.district) : ''} ${t('grid.short')}</h1>
      ${isIn ? html`<div class="find"><grid-search></grid-search><grid-here></grid-here></div>` : nothing}<span class="space"></span>
      <div class="row who">${session?.synthetic ? html`<span class="chip synthetic">${t('synthetic')}</span>` : nothing}
        ${isIn ? html`<span class="chip role">${roleName(session.role)}</span>
          <button class="link" @click=${() => { void client.signOut().finally(() => { location.reload(); }); }}>${t('signout')}</button>` : nothing}
        <button class="button small" lang=${language.state.code === 'en' ? 'zh-CN' : 'en'} @click=${() => { switchLanguage(); }}>
          ${language.state.code === 'en' ? '中文' : 'English'}</button></div>`;
  }
}

customElements.define('grid-bar', GridBar);
