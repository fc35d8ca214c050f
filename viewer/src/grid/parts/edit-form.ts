// SPDX-License-Identifier: Apache-2.0
/**
 * A correction: written at once by a steward, over the version that was read; proposed with photos by anybody else.
 * Where somebody was faster, what they changed is shown and nothing typed here is lost.
 */
import { css, html, nothing, type TemplateResult } from 'lit';
import type { Properties } from '../../core/api';
import { unitOf } from '../../core/format';
import { say, t } from '../../core/i18n';
import { box } from '../../core/ui/box';
import { shared } from '../../core/ui/element';
import type { EditableField, TaggedEntry } from '../api';
import { typed } from '../form-text';
import { server } from '../server';
import { changed, grid, isSteward } from '../state';
import { wordFor } from '../words';
import { EntryForm } from './form';
import { look } from './look';
import './photo-field';

interface Conflict { newer: TaggedEntry; fields: string[] }

export class EditForm extends EntryForm {
  static override properties = { conflict: { state: true } };
  static override styles = [shared, box, look, css`
    form { display: grid; gap: 0.8rem; }
    .fields { display: grid; grid-template-columns: repeat(auto-fill, minmax(11rem, 1fr)); gap: 0.7rem; }
    .conflict { border-left: 0.25rem solid var(--warm); background: color-mix(in srgb, var(--warm) 8%, transparent); padding: 0.6rem 0.9rem; font-size: 0.9rem; border-radius: 0 0.4rem 0.4rem 0; }
    .conflict li { margin: 0.2rem 0; } del { color: var(--ink-2); } ins { text-decoration: none; font-weight: 600; }
    [aria-invalid='true'] { border-color: var(--bad); }
    .row .button.main { flex: 0 1 12rem; }
  `];

  declare conflict: Conflict | null;

  constructor() {
    super();
    this.conflict = null;
  }

  override firstUpdated(): void {
    this.renderRoot.querySelector<HTMLElement>('input, select')?.focus();
  }

  override render(): TemplateResult {
    const edits = isSteward(grid.state);
    return html`<form @submit=${(event: SubmitEvent) => { event.preventDefault(); void this.#submit(event.target as HTMLFormElement, edits); }}>
      <h3 style="margin:0">${edits ? t('grid.edit') : t('grid.propose')}</h3>
      ${edits ? nothing : html`<p class="note">${t('grid.propose_why')}</p>`}
      ${this.#conflictView()}
      <div class="fields">${this.register.editable.map((field) => this.#field(field))}</div>
      <label>${edits ? t('grid.why_edit') : t('grid.why')}<textarea name="because" maxlength="500" ?required=${!edits} placeholder=${t('grid.no_persons')}></textarea></label>
      ${edits ? nothing : html`<grid-photos></grid-photos>`}
      ${this.refused()}
      <div class="row"><button class="button main" ?disabled=${this.busy}>${this.conflict ? t('grid.save_over') : edits ? t('grid.save') : t('grid.send')}</button>
        <button type="button" class="button" @click=${() => { this.leave(); }}>${t('cancel')}</button></div></form>`;
  }

  #field(field: EditableField): TemplateResult {
    const value = this.values[field.name];
    const unit = unitOf(field.unit);
    const words = html`${say(field.title)}${unit === '' ? '' : ` (${unit})`}`;
    const invalid = this.problemOf(field.name) ? 'true' : nothing;
    // `use` may be more than its list; a list that is complete is a choice.
    if (field.values && (value === null || value === undefined || field.values[asText(value)])) {
      return html`<label>${words}<select name=${field.name} aria-invalid=${invalid}><option value="" ?selected=${asText(value) === ''}>–</option>
        ${Object.entries(field.values).map(([code, word]) => html`<option value=${code} ?selected=${code === value}>${say(word)}</option>`)}</select></label>`;
    }
    const isNumber = field.type === 'number' || field.type === 'integer';
    return html`<label>${words}<input name=${field.name} .defaultValue=${asText(value)} aria-invalid=${invalid} autocomplete="off"
      inputmode=${isNumber ? 'decimal' : nothing} maxlength="200" /></label>`;
  }

  #conflictView(): TemplateResult | typeof nothing {
    if (!this.conflict) return nothing;
    const { newer, fields } = this.conflict;
    return html`<div class="conflict" role="alert"><p><b>${t('grid.conflict')}</b> ${fields.length === 0 ? t('grid.conflict_elsewhere') : ''}</p>
      <ul>${fields.map((name) => {
        const field = this.register.properties.find((one) => one.name === name);
        return html`<li data-conflict=${name}>${say(field?.title) || name}: <del>${wordFor(field, this.values[name])}</del> → <ins>${wordFor(field, newer.feature.properties[name])}</ins></li>`;
      })}</ul><p>${t('grid.conflict_do')}</p></div>`;
  }

  /** What differs from what was shown, as the server takes it. Throws nothing: a number that is none goes as text, and is refused by name. */
  #changes(form: FormData): Properties {
    const changes: Properties = {};
    for (const field of this.register.editable) {
      const text = typed(form, field.name);
      const before = this.values[field.name];
      if (text === asText(before)) continue;
      const number = Number(text.replaceAll(/[,，\s]/gu, ''));
      const isNumber = field.type === 'number' || field.type === 'integer';
      changes[field.name] = text === '' ? null : isNumber && !Number.isNaN(number) ? number : text;
    }
    return changes;
  }

  async #submit(form: HTMLFormElement, edits: boolean): Promise<void> {
    const data = new FormData(form);
    const changes = this.#changes(data);
    if (Object.keys(changes).length === 0) {
      this.refusal = t('grid.no_change');
      return;
    }
    const reason = typed(data, 'because');
    const { register, entry } = this;
    const tag = this.conflict?.newer.tag ?? entry.tag;
    const id = entry.feature.id;
    if (!edits) {
      await this.sendOrKeep(t('grid.propose'), { kind: 'proposal', layer: register.layer, id, changes, reason }, this.photos, t('grid.proposed'));
      return;
    }
    const done = await this.act(() => server.patch(register.name, id, tag, changes, reason), async ({ status }) => {
      if (status !== 412) return false;
      await this.#findConflict();
      return true;
    });
    if (!done) return;
    changed();
    this.finish(t('grid.saved'));
  }

  async #findConflict(): Promise<void> {
    const newer = await server.entry(this.register.name, this.entry.feature.id);
    const now = newer.feature.properties;
    this.conflict = { newer, fields: Object.keys(now).filter((name) => now[name] !== this.values[name]) };
  }
}

function asText(value: unknown): string {
  return typeof value === 'string' || typeof value === 'number' ? String(value) : '';
}

customElements.define('grid-edit', EditForm);
