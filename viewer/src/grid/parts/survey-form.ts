// SPDX-License-Identifier: Apache-2.0
/** The form of a round, filled in for one entry. What is missing may follow later; a closed round is only read. */
import { css, html, nothing, type TemplateResult } from 'lit';
import type { Properties } from '../../core/api';
import { wordsOf } from '../../core/failure';
import { dayAndTime, valueText } from '../../core/format';
import { nameOf, t } from '../../core/i18n';
import { box } from '../../core/ui/box';
import { shared } from '../../core/ui/element';
import type { FormField, Round, SurveyResponse } from '../api';
import { asSection, controlOf, fieldAt, fieldsOf, readForm, titleOf } from '../form-schema';
import { server } from '../server';
import { changed, grid, mayPropose } from '../state';
import { percent } from '../words';
import { EntryForm } from './form';
import { look } from './look';
import './part-history';

export class SurveyForm extends EntryForm {
  static override properties = { round: { type: Number }, known: { state: true }, failure: { state: true }, faster: { state: true } };
  static override styles = [shared, box, look, css`
    :host { margin-top: 0.7rem; padding: 0.8rem 0.9rem; background: var(--raised); border: 1px solid var(--line-1); border-radius: 0.5rem; }
    form { display: grid; gap: 0.8rem; } fieldset { border: 0; margin: 0; padding: 0; min-width: 0; display: grid; gap: 0.8rem; }
    fieldset fieldset { border: 1px solid var(--line); border-radius: 0.5rem; padding: 0.5rem 0.8rem 0.8rem; } legend { font-weight: 600; font-size: 0.92rem; padding: 0 0.3rem; }
    .fields { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 11rem), 1fr)); gap: 0.7rem; align-items: end; }
    .fields > fieldset, .fields > .wide { grid-column: 1 / -1; }
    .many { display: flex; flex-wrap: wrap; gap: 0.2rem 1rem; } .many label { display: flex; gap: 0.4rem; align-items: center; color: var(--ink); font-size: 0.92rem; }
    .many input { width: auto; min-height: 0; } em { font-style: normal; color: var(--warm); }
    [aria-invalid='true'] { border-color: var(--bad); }
    @media (max-width: 760px) { .many label { min-height: 2.75rem; } .row .button { flex: 1; } }
  `];

  declare round: number;
  declare known: { round: Round; response: SurveyResponse } | null;
  declare failure: string;
  /** What somebody else answered since this form was opened. */
  declare faster: string[] | null;

  constructor() {
    super();
    this.known = null;
    this.failure = '';
    this.faster = null;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    void this.#load();
  }

  async #load(): Promise<void> {
    this.failure = '';
    try {
      const [round, response] = await Promise.all([server.round(this.round), server.response(this.round, this.entry.feature.id)]);
      this.known = { round, response };
      await this.updateComplete;
      this.renderRoot.querySelector<HTMLElement>('input, select, textarea')?.focus();
    } catch (error) {
      this.failure = wordsOf(error);
    }
  }

  override render(): TemplateResult {
    if (this.failure !== '') {
      return html`<p class="failed" role="alert">${this.failure}</p><button class="button small" @click=${() => { void this.#load(); }}>${t('admin.again')}</button>`;
    }
    if (!this.known) return html`<p class="note" role="status">${t('waiting')}</p>`;
    const { round, response } = this.known;
    const isReadOnly = round.closed_at !== null || !mayPropose(grid.state);
    return html`<form @submit=${(event: SubmitEvent) => { event.preventDefault(); void this.#submit(event.target as HTMLFormElement); }}>
      <div><b>${nameOf({ name: round.title, name_en: round.title_en })}</b>
        <p class="note">${t('grid.due', { day: round.due })}${round.organisation ? ` · ${t('grid.owes', { who: round.organisation })}` : ''} · ${t('grid.answered', { answered: response.answered, required: round.required })}${response.recorded_at
          ? ` · ${t('grid.answer_last', { time: dayAndTime(response.recorded_at) })}` : ''}</p></div>
      ${round.closed_at === null ? nothing : html`<p class="warned">${t('grid.answer_closed')}</p>`}
      ${this.faster === null ? nothing : html`<p class="warned" role="alert">${t('grid.answer_conflict')} ${this.faster.join('、')}。${t('grid.conflict_do')}</p>`}
      <fieldset ?disabled=${isReadOnly}>${this.#section(round.form, '', response.answers)}</fieldset>
      ${isReadOnly ? nothing : html`<p class="note"><em>*</em> ${t('grid.answer_required')} · ${t('grid.no_persons')}</p>`}${this.refused()}
      <div class="row">${isReadOnly ? nothing : html`<button class="button main" ?disabled=${this.busy}>${this.faster === null ? t('grid.save') : t('grid.save_over')}</button>`}
        <button type="button" class="button" @click=${() => { this.leave(); }}>${t('cancel')}</button></div></form>
      <grid-part-history .of=${`${this.round}/${this.entry.feature.id}`} .ask=${async () => {
        const versions = await server.responseVersions(this.round, this.entry.feature.id);
        return versions.length === 0 ? [] : [{ title: '', versions }];
      }} .nameOf=${(name: string) => this.fieldName(name)} .wordOf=${(_name: string, value: unknown) => asWords(value)}></grid-part-history>`;
  }

  protected override fieldName(where: string): string {
    const form = this.known?.round.form;
    return form === undefined ? where : titleOf(fieldAt(form, where), where);
  }

  #section(form: FormField, path: string, answers: Properties): TemplateResult {
    return html`<div class="fields">${fieldsOf(form).map(([name, field]) =>
      this.#field(field, name, path === '' ? name : `${path}/${name}`, answers[name], form.required?.includes(name) ?? false))}</div>`;
  }

  #field(field: FormField, name: string, path: string, value: unknown, isRequired: boolean): TemplateResult {
    const words = html`<span>${titleOf(field, name)}${isRequired ? html`<em aria-label=${t('grid.answer_required')}> *</em>` : nothing}</span>`;
    const invalid = this.problemOf(path) ? 'true' : nothing;
    const about = field.description ? html`<small>${field.description}</small>` : nothing;
    switch (controlOf(field)) {
      case 'section': return html`<fieldset><legend>${words}</legend>${this.#section(field, path, asSection(value))}</fieldset>`;
      case 'choice': return html`<label>${words}<select name=${path} aria-invalid=${invalid}><option value="">–</option>${field.enum?.map((one, at) => html`
        <option value=${at} ?selected=${one === value}>${valueText(one)}</option>`)}</select>${about}</label>`;
      case 'choices': return html`<fieldset class="wide"><legend>${words}</legend><div class="many">${field.items?.enum?.map((one, at) => html`
        <label><input type="checkbox" name=${path} value=${at} ?checked=${Array.isArray(value) && value.includes(one)} />${valueText(one)}</label>`)}</div>${about}</fieldset>`;
      case 'lines': return html`<label class="wide"><span>${words} (${t('grid.answer_lines')})</span><textarea name=${path} aria-invalid=${invalid} .defaultValue=${Array.isArray(value) ? value.join('\n') : ''}></textarea>${about}</label>`;
      case 'truth': return html`<label>${words}<select name=${path} aria-invalid=${invalid}><option value="">–</option><option value="true" ?selected=${value === true}>${t('grid.yes')}</option>
        <option value="false" ?selected=${value === false}>${t('grid.no')}</option></select>${about}</label>`;
      case 'number': return html`<label>${words}<input name=${path} inputmode="decimal" autocomplete="off" maxlength="40" aria-invalid=${invalid} .defaultValue=${asText(value)} />${about}</label>`;
      case 'day': return html`<label>${words}<input name=${path} type="date" aria-invalid=${invalid} .defaultValue=${asText(value)} />${about}</label>`;
      case 'text': return (field.maxLength ?? 0) > 120
        ? html`<label class="wide">${words}<textarea name=${path} aria-invalid=${invalid} .defaultValue=${asText(value)}></textarea>${about}</label>`
        : html`<label>${words}<input name=${path} autocomplete="off" aria-invalid=${invalid} .defaultValue=${asText(value)} />${about}</label>`;
      case 'unknown': return html`<p class="wide note">${words}: ${asWords(value)} · ${t('grid.answer_unknown')}</p>`;
    }
  }

  async #submit(form: HTMLFormElement): Promise<void> {
    if (!this.known) return;
    const { round, response } = this.known;
    const answers = readForm(round.form, new FormData(form), response.answers);
    const id = this.entry.feature.id;
    let written = { answered: 0, required: 0, completeness: 0 };
    const other = { isFaster: false };
    const done = await this.act(async () => {
      // All answers are replaced: what somebody else answered meanwhile is shown before it is written over.
      const now = await server.response(this.round, id);
      if (now.recorded_at !== response.recorded_at) {
        other.isFaster = true;
        const names = Object.keys({ ...now.answers, ...response.answers }).filter((name) => JSON.stringify(now.answers[name]) !== JSON.stringify(response.answers[name]));
        this.faster = names.map((name) => `${this.fieldName(name)} ${asWords(now.answers[name])}`);
        this.known = { round, response: { ...response, recorded_at: now.recorded_at } };
        return;
      }
      written = await server.answer(this.round, id, answers);
    });
    if (!done || other.isFaster) return;
    changed();
    const { answered, required, completeness } = written;
    this.finish(answered === required ? t('grid.answer_complete', { required }) : t('grid.answer_saved', { answered, required, share: percent(completeness) }));
  }
}

function asText(value: unknown): string {
  return typeof value === 'string' || typeof value === 'number' ? String(value) : '';
}

function asWords(value: unknown): string {
  if (typeof value === 'boolean') return value ? t('grid.yes') : t('grid.no');
  return Array.isArray(value) ? value.map(valueText).join('、') : valueText(value);
}

customElements.define('grid-survey', SurveyForm);
