// SPDX-License-Identifier: Apache-2.0
/** The steward's desk: what came in, what is wrong with it, who decides, and which codes and people there are. */
import { css, html, nothing, type TemplateResult } from 'lit';
import { language, t } from '../core/i18n';
import { box } from '../core/ui/box';
import { shared, TwinElement } from '../core/ui/element';
import { defineSignIn } from '../core/ui/sign-in';
import './parts/access';
import './parts/admin-bar';
import './parts/audit';
import './parts/codes';
import './parts/datasets';
import { desk } from './parts/desk';
import './parts/indicators';
import './parts/job-list';
import './parts/layers';
import './parts/loads';
import './parts/people';
import './parts/quality';
import './parts/review';
import './parts/targets';
import './parts/upload';
import './parts/webhooks';
import { admin, begin, openTabs, shownTab, TITLES, type Tab } from './state';
import { learnKinds } from './words';
import { roleName } from '../core/roles';

export class AdminPage extends TwinElement {
  static override styles = [shared, box, desk, css`
    :host { position: fixed; inset: 0; overflow: auto; background: var(--paper); }
    header { position: sticky; top: 0; z-index: 2; background: var(--panel-solid); border-bottom: 1px solid var(--line); }
    nav { display: flex; gap: 0.2rem; overflow-x: auto; padding: 0 1.2rem; scrollbar-width: none; }
    nav::-webkit-scrollbar { display: none; }
    nav a { padding: 0.55rem 0.85rem 0.6rem; font-size: 0.95rem; color: var(--ink-2); text-decoration: none; white-space: nowrap;
      border-bottom: 0.16rem solid transparent; }
    nav a:hover { color: var(--ink); }
    nav a[aria-current] { color: var(--accent-ink); border-color: var(--accent); font-weight: 600; }
    nav a:focus-visible { outline-offset: -0.14rem; }
    main { max-width: 84rem; margin: 0 auto; padding: 1.2rem 1.5rem 3rem; }
    .narrow { max-width: 34rem; margin: 8vh auto 0; }
    .narrow.other { padding: 1.4rem; } .narrow p { margin-bottom: 0.6rem; }
    @media (max-width: 760px) { :host { position: relative; inset: auto; overflow: visible; min-height: 100%; } nav { padding: 0 0.3rem; }
      main { padding: 0.8rem 0.7rem 3rem; } .narrow { margin-top: 1rem; } }
  `];
  override watched = [admin];

  override firstUpdated(): void {
    void begin();
    admin.subscribe((state, before) => {
      if (openTabs(state).includes('loads') && !openTabs(before).includes('loads')) void learnKinds();
      if (state.tab !== before.tab) {
        this.scrollTop = 0;
        void this.updateComplete.then(() => { this.renderRoot.querySelector('nav a[aria-current]')?.scrollIntoView({ block: 'nearest', inline: 'nearest' }); });
      }
    });
    const name = (): void => { document.title = t('admin.short'); };
    language.subscribe(name);
    name();
    // A file dropped beside the box must not replace the page.
    for (const event of ['dragover', 'drop']) window.addEventListener(event, (dropped) => { dropped.preventDefault(); });
  }

  override render(): TemplateResult {
    const tab = shownTab(admin.state);
    const tabs = openTabs(admin.state);
    return html`
      <header><admin-bar></admin-bar>
        ${tabs.length === 0 ? nothing : html`<nav aria-label=${t('admin.parts')} @keydown=${(event: KeyboardEvent) => { this.#arrow(event); }}>
          ${tabs.map((one) => html`<a href="#${one}" aria-current=${one === tab ? 'page' : nothing}>${t(TITLES[one])}</a>`)}</nav>`}
      </header>
      <main>${tabs.length === 0 ? this.#outside() : tab === null ? this.#closed() : this.#part(tab)}</main>`;
  }

  #outside(): TemplateResult {
    const { phase, failure, session } = admin.state;
    if (failure !== '') return html`<p class="card none" role="alert">${failure} ${t('retrying')}</p>`;
    if (phase === 'loading' || !session) return html`<p class="card none" role="status">${t('waiting')}</p>`;
    if (session.role === 'public') return html`<div class="card narrow"><admin-sign-in></admin-sign-in></div>`;
    return html`<div class="card narrow other" role="alert"><p>${t('admin.other_role', { role: roleName(session.role) })}</p>
      <p class="quiet">${t('admin.other_role_do')}</p></div>`;
  }

  #closed(): TemplateResult {
    const { tab, session } = admin.state;
    return html`<div class="card narrow other" role="alert"><p>${t('admin.not_yours', { part: tab === '' ? '' : t(TITLES[tab]), role: roleName(session?.role ?? null) })}</p>
      <p class="quiet">${t('admin.not_yours_do')}</p></div>`;
  }

  #part(tab: Tab): TemplateResult {
    switch (tab) {
      case 'loads': return html`<admin-loads></admin-loads>`;
      case 'upload': return html`<admin-upload></admin-upload>`;
      case 'datasets': return html`<admin-datasets></admin-datasets>`;
      case 'layers': return html`<admin-layers></admin-layers>`;
      case 'indicators': return html`<admin-indicators></admin-indicators>`;
      case 'targets': return html`<admin-targets></admin-targets>`;
      case 'quality': return html`<admin-quality></admin-quality>`;
      case 'review': return html`<admin-review></admin-review>`;
      case 'codes': return html`<admin-codes></admin-codes>`;
      case 'people': return html`<admin-people></admin-people>`;
      case 'webhooks': return html`<admin-webhooks></admin-webhooks>`;
      case 'jobs': return html`<admin-jobs></admin-jobs>`;
      case 'audit': return html`<admin-audit></admin-audit>`;
      case 'access': return html`<admin-access></admin-access>`;
    }
  }

  /** Arrows go along the parts, as Tab does. */
  #arrow(event: KeyboardEvent): void {
    const step = event.key === 'ArrowRight' ? 1 : event.key === 'ArrowLeft' ? -1 : 0;
    if (step === 0) return;
    const links = [...this.renderRoot.querySelectorAll<HTMLAnchorElement>('nav a')];
    const here = links.findIndex((link) => link.matches(':focus'));
    links[(here + step + links.length) % links.length]?.focus();
  }
}

defineSignIn('admin-sign-in', () => t('admin.signin'));
customElements.define('twin-admin', AdminPage);
