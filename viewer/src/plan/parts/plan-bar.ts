// SPDX-License-Identifier: Apache-2.0
/** Who is here, which city this is, and the language. */
import { css, html, nothing, type TemplateResult } from 'lit';
import { cityData } from '../../core/city-data';
import { client } from '../../core/client';
import { language, nameOf, switchLanguage, t } from '../../core/i18n';
import { shared, TwinElement } from '../../core/ui/element';
import { box } from '../../core/ui/box';

export class PlanBar extends TwinElement {
  static override styles = [shared, box, css`
    :host { display: flex; align-items: center; gap: 0.8rem; padding: 0.6rem 1.1rem; background: var(--panel-solid); border-bottom: 1px solid var(--line);
      flex-wrap: wrap; }
    h1 { font-size: 1.12rem; font-weight: 650; margin: 0; letter-spacing: 0.02em; }
    .space { flex: 1; }
    .chip.synthetic { color: var(--warm); background: color-mix(in srgb, var(--warm) 12%, transparent); }
    @media (max-width: 760px) { .space { display: none; } :host { padding: 0.5rem 0.8rem; gap: 0.5rem; } }
  `];
  override watched = [cityData];

  override render(): TemplateResult {
    const { session } = cityData.state;
    return html`<h1>${t('plan.title', { name: session?.district ? nameOf(session.district) : '' })}</h1>
      ${session?.synthetic ? html`<span class="chip synthetic">${t('synthetic')}</span>` : nothing}
      <span class="space"></span>
      ${session && session.role !== 'public' ? html`<span class="chip">${t('role.signed_in', { role: session.role })}</span>
        <button class="link" @click=${() => { void client.signOut().finally(() => { location.reload(); }); }}>${t('signout')}</button>` : nothing}
      <button class="button" lang=${language.state.code === 'en' ? 'zh-CN' : 'en'}
        @click=${() => { switchLanguage(); }}>${language.state.code === 'en' ? '中文' : 'English'}</button>`;
  }
}

customElements.define('plan-bar', PlanBar);
