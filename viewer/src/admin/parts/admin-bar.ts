// SPDX-License-Identifier: Apache-2.0
/** Who is here, which city this is, and the language. */
import { css, html, nothing, type TemplateResult } from 'lit';
import { client } from '../../core/client';
import { language, nameOf, switchLanguage, t } from '../../core/i18n';
import { box } from '../../core/ui/box';
import { shared, TwinElement } from '../../core/ui/element';
import { admin } from '../state';
import { roleName } from '../../core/roles';
import './own-account';

export class AdminBar extends TwinElement {
  static override styles = [shared, box, css`
    :host { display: flex; align-items: center; gap: 0.8rem; padding: 0.6rem 1.5rem; background: var(--panel-solid); flex-wrap: wrap; }
    h1 { font-size: 1.12rem; font-weight: 650; letter-spacing: 0.02em; }
    .space { flex: 1; }
    .chip.synthetic { color: var(--warm); background: color-mix(in srgb, var(--warm) 12%, transparent); }
    @media (max-width: 760px) { .space { display: none; } :host { padding: 0.5rem 0.9rem; gap: 0.5rem; } h1 { flex: 1 1 100%; font-size: 1.02rem; } }
  `];
  override watched = [admin];

  override render(): TemplateResult {
    const { session } = admin.state;
    return html`<h1>${t('admin.title', { name: session?.district ? nameOf(session.district) : '' })}</h1>
      ${session?.synthetic ? html`<span class="chip synthetic">${t('synthetic')}</span>` : nothing}
      <span class="space"></span>
      ${session && session.role !== 'public' ? html`<span class="chip">${session.login === null ? '' : `${session.login} · `}${t('role.signed_in', { role: roleName(session.role) })}</span>
        ${session.login === null ? nothing : html`<admin-own-account .login=${session.login}></admin-own-account>`}
        <button class="link" @click=${() => { void client.signOut().finally(() => { location.reload(); }); }}>${t('signout')}</button>` : nothing}
      <button class="button" lang=${language.state.code === 'en' ? 'zh-CN' : 'en'}
        @click=${() => { switchLanguage(); }}>${language.state.code === 'en' ? '中文' : 'English'}</button>`;
  }
}

customElements.define('admin-bar', AdminBar);
