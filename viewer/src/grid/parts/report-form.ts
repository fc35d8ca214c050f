// SPDX-License-Identifier: Apache-2.0
/** A hazard found at a park, village or building. */
import { css, html, type TemplateResult } from 'lit';
import { say, t } from '../../core/i18n';
import { box } from '../../core/ui/box';
import { shared } from '../../core/ui/element';
import { typed } from '../form-text';
import { declaredOf } from '../words';
import { EntryForm } from './form';
import { look } from './look';
import './photo-field';

export class ReportForm extends EntryForm {
  static override styles = [shared, box, look, css`form { display: grid; gap: 0.8rem; } .pair { display: grid; grid-template-columns: 1fr 1fr; gap: 0.7rem; }`];

  override firstUpdated(): void {
    this.renderRoot.querySelector<HTMLElement>('select')?.focus();
  }

  override render(): TemplateResult {
    const words = (name: string): [string, string][] => Object.entries(declaredOf('hazards', name)?.values ?? {}).map(([value, word]) => [value, say(word)]);
    return html`<form @submit=${(event: SubmitEvent) => { event.preventDefault(); void this.#submit(event.target as HTMLFormElement); }}>
      <h3 style="margin:0">${t('grid.report')}</h3>
      <div class="pair"><label>${t('grid.hazard_kind')}<select name="kind" required><option value="">–</option>${words('hazard_kind').map(([value, word]) => html`<option value=${value}>${word}</option>`)}</select></label>
        <label>${t('grid.severity')}<select name="severity">${words('severity').map(([value, word]) => html`<option value=${value} ?selected=${value === '4'}>${word}</option>`)}</select></label></div>
      <label>${t('grid.what')}<textarea name="what" required maxlength="500" placeholder=${t('grid.no_persons')}></textarea></label>
      <grid-photos></grid-photos>${this.refused()}
      <div class="row"><button class="button main" ?disabled=${this.busy}>${t('grid.send')}</button>
        <button type="button" class="button" @click=${() => { this.leave(); }}>${t('cancel')}</button></div></form>`;
  }

  async #submit(form: HTMLFormElement): Promise<void> {
    const data = new FormData(form);
    const text = (name: string): string => typed(data, name);
    const { photos } = this;
    await this.sendOrKeep(t('grid.report'), {
      kind: 'hazard', object: this.register.name, id: this.entry.feature.id, hazard_kind: text('kind'), severity: Number(text('severity')), description: text('what'),
    }, photos, t('grid.reported'));
  }
}

customElements.define('grid-report', ReportForm);
