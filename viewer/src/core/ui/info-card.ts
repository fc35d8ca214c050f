// SPDX-License-Identifier: Apache-2.0
/** The card that says what was clicked. */
import { css, html, nothing, type TemplateResult } from 'lit';
import type { Description, Group } from '../describe';
import { t } from '../i18n';
import { shared, TwinElement } from './element';

export class InfoCard extends TwinElement {
  static override properties = { description: { attribute: false }, busy: { type: Boolean }, failure: {} };
  static override styles = [shared, css`
    :host { background: var(--panel-solid); border: 1px solid var(--line); border-radius: var(--radius); box-shadow: var(--shadow);
      display: flex; flex-direction: column; min-height: 0; overflow: hidden; }
    header { display: flex; gap: 0.75rem; align-items: flex-start; padding: 0.8rem 0.9rem 0.7rem; border-bottom: 1px solid var(--line); }
    header div { flex: 1; min-width: 0; }
    h2 { font-size: 1.05rem; line-height: 1.35; overflow-wrap: anywhere; }
    small { color: var(--ink-2); font-size: 0.78rem; }
    .close { width: 1.9rem; height: 1.9rem; border-radius: 0.4rem; color: var(--ink-2); font-size: 1.15rem; line-height: 1; }
    .close:hover { background: var(--hover); color: var(--ink); }
    .body { overflow: auto; padding: 0.35rem 0.9rem 0.8rem; }
    dl { display: grid; grid-template-columns: minmax(5.2rem, 38%) 1fr; font-size: 0.86rem; }
    dt, dd { padding: 0.34rem 0; border-bottom: 1px solid var(--line-1); overflow-wrap: anywhere; }
    dt { color: var(--ink-2); padding-right: 0.6rem; }
    dd { text-align: right; font-variant-numeric: tabular-nums; }
    summary { cursor: pointer; font-size: 0.82rem; color: var(--accent-ink); padding: 0.65rem 0 0.3rem; font-weight: 600; }
    p { padding: 0.9rem 0; color: var(--ink-2); font-size: 0.88rem; }
  `];

  declare description: Description | null;
  declare busy: boolean;
  declare failure: string;

  constructor() {
    super();
    this.description = null;
    this.busy = false;
    this.failure = '';
  }

  override render(): TemplateResult {
    const { description } = this;
    return html`
      <header>
        <div><h2>${description?.title ?? (this.busy ? t('info.loading') : t('info.title'))}</h2><small>${description?.kind ?? ''}</small></div>
        <button class="close" aria-label=${t('close')} title=${t('close')}
          @click=${() => this.dispatchEvent(new CustomEvent('close-card'))}>×</button>
      </header>
      <div class="body" aria-live="polite">
        ${this.failure === '' ? nothing : html`<p role="alert">${this.failure}</p>`}
        ${description?.groups.map((group) => this.#group(group)) ?? nothing}
      </div>`;
  }

  #group(group: Group): TemplateResult {
    const rows = html`<dl>${group.rows.map(({ label, value }) => html`<dt>${label}</dt><dd>${value}</dd>`)}</dl>`;
    if (group.title === '') return group.rows.length > 0 ? rows : html`<p>${t('info.nothing')}</p>`;
    return html`<details ?open=${group.open}><summary>${group.title}</summary>${rows}</details>`;
  }
}

customElements.define('twin-info-card', InfoCard);
