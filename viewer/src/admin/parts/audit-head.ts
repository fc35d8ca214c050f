// SPDX-License-Identifier: Apache-2.0
/** The end of the audit log's chain: how far it is sealed, and the hash to be noted elsewhere. */
import { css, html, nothing, type TemplateResult } from 'lit';
import { count, dayAndTime } from '../../core/format';
import { t } from '../../core/i18n';
import { box } from '../../core/ui/box';
import { shared } from '../../core/ui/element';
import { Panel } from '../../core/ui/panel';
import type { AuditHead as Head } from '../access-api';
import { access } from '../access-server';
import { desk } from './desk';

export class AuditHead extends Panel<Head> {
  static override properties = { copied: { state: true } };
  static override styles = [shared, box, desk, css`
    .chain { padding: 0.9rem 1.1rem 1rem; margin-bottom: 1.1rem; display: grid; gap: 0.45rem; }
    .line { display: flex; gap: 0.5rem 1rem; align-items: center; flex-wrap: wrap; justify-content: space-between; }
    .hash { font-size: 0.86rem; } p.hint { font-size: 0.82rem; color: var(--ink-2); }
  `];

  declare copied: boolean;

  constructor() {
    super();
    this.copied = false;
  }

  protected override fetch(): Promise<Head> {
    this.copied = false;
    return access.auditHead();
  }

  protected override view({ seq, hash, time, unsealed }: Head): TemplateResult {
    return html`<div class="card chain"><div class="line"><span><b>${t('audit.sealed', { seq: count(seq) })}</b>
          ${unsealed === 0 ? html`<span class="chip good">${t('audit.all_sealed')}</span>` : html`<span class="chip warn">${t('audit.still', { count: count(unsealed) })}</span>`}
          <small class="quiet">${dayAndTime(time)}</small></span>
        <span class="line"><button class="button small" ?disabled=${this.busy} @click=${() => { void this.reload(); }}>${t('audit.refresh')}</button>
          <button class="button small" @click=${() => { void this.#copy(`${seq}:${hash}`); }}>${this.copied ? t('access.copied') : t('audit.copy')}</button></span></div>
      <code class="hash">${seq}:${hash}</code>
      <p class="hint">${t('audit.head_hint')} <code>twin audit verify --head ${seq}:${hash.slice(0, 8)}…</code></p>
      ${this.refusal === '' ? nothing : html`<p class="failed" role="alert">${this.refusal}</p>`}</div>`;
  }

  async #copy(text: string): Promise<void> {
    try {
      await navigator.clipboard.writeText(text);
      this.copied = true;
    } catch {
      const code = this.renderRoot.querySelector('.hash');
      if (code) getSelection()?.selectAllChildren(code);
    }
  }
}

customElements.define('admin-audit-head', AuditHead);
