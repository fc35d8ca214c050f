// SPDX-License-Identifier: Apache-2.0
/** The rows that a load turned away, as they came, to be mended and sent again; the server keeps them for a while only. */
import { css, html, nothing, type TemplateResult } from 'lit';
import { wordsOf } from '../../core/failure';
import { t } from '../../core/i18n';
import { box } from '../../core/ui/box';
import { shared, TwinElement } from '../../core/ui/element';
import { server } from '../server';
import { desk } from './desk';

export class RejectedRows extends TwinElement {
  static override properties = { path: {}, busy: { state: true }, failure: { state: true } };
  static override styles = [shared, box, desk, css`.hint { font-size: 0.82rem; color: var(--ink-2); margin-top: 0.35rem; } .failed { margin-top: 0.35rem; }`];

  /** `/loads/…` or `/uploads/…`. */
  declare path: string;
  declare busy: boolean;
  declare failure: string;

  constructor() {
    super();
    this.path = '';
    this.busy = false;
    this.failure = '';
  }

  override render(): TemplateResult {
    return html`<button class="button small" ?disabled=${this.busy} @click=${() => { void this.#download(); }}>${this.busy ? t('admin.rejects.working') : t('admin.rejects.rows')}</button>
      ${this.failure === '' ? nothing : html`<p class="failed" role="alert">${t('admin.rejects.gone', { why: this.failure })}</p>`}
      <p class="hint">${t('admin.rejects.mend')}</p>`;
  }

  async #download(): Promise<void> {
    this.busy = true;
    this.failure = '';
    try {
      const url = URL.createObjectURL(await server.rejectedRows(this.path));
      const link = document.createElement('a');
      link.href = url;
      link.download = `${this.path.slice(1).replace('/', '-')}-rejects.xlsx`;
      link.click();
      window.setTimeout(() => { URL.revokeObjectURL(url); }, 60_000);
    } catch (error) {
      this.failure = wordsOf(error);
    } finally {
      this.busy = false;
    }
  }
}

customElements.define('admin-rejected-rows', RejectedRows);
