// SPDX-License-Identifier: Apache-2.0
/** What the forms of an entry share: one write at a time, and a refusal said field by field. */
import { html, nothing, type PropertyDeclarations, type TemplateResult } from 'lit';
import { ApiError } from '../../core/client';
import type { Problem, Properties } from '../../core/api';
import { wordsOf } from '../../core/failure';
import { say, t } from '../../core/i18n';
import { TwinElement } from '../../core/ui/element';
import type { Register, TaggedEntry } from '../api';
import { sendOrKeep } from '../queue';
import type { Write } from '../queue-store';
import { changed } from '../state';
import { entryTitle } from '../words';
import type { PhotoField } from './photo-field';

export abstract class EntryForm extends TwinElement {
  static override properties: PropertyDeclarations = {
    register: { attribute: false }, entry: { attribute: false }, busy: { state: true }, refusal: { state: true }, problems: { state: true },
  };

  declare register: Register;
  declare entry: TaggedEntry;
  declare protected busy: boolean;
  declare protected refusal: string;
  declare protected problems: Problem[];

  constructor() {
    super();
    this.busy = false;
    this.refusal = '';
    this.problems = [];
  }

  protected get values(): Properties {
    return this.entry.feature.properties;
  }

  protected get photos(): Blob[] {
    return this.renderRoot.querySelector<PhotoField>('grid-photos')?.files ?? [];
  }

  /** Does the write; `other` may take an error upon itself. Whether it was done. */
  protected async act(write: () => Promise<unknown>, other?: (error: ApiError) => Promise<boolean>): Promise<boolean> {
    if (this.busy) return false;
    this.busy = true;
    this.refusal = '';
    this.problems = [];
    try {
      await write();
      return true;
    } catch (error) {
      if (!(error instanceof ApiError && other && await other(error))) {
        this.refusal = wordsOf(error);
        if (error instanceof ApiError) {
          this.problems = error.problems;
          if (error.status === 422) this.refusal = error.message;
        }
      }
      return false;
    } finally {
      this.busy = false;
    }
  }

  /** Sends a write, or keeps it until there is a network; says which. */
  protected async sendOrKeep(what: string, write: Write, photos: Blob[], said: string): Promise<void> {
    const became: { now: 'sent' | 'kept' } = { now: 'sent' };
    const title = `${what} · ${entryTitle(this.register.properties, this.values, this.entry.feature.id)}`;
    if (!await this.act(async () => { became.now = await sendOrKeep(title, write, photos); })) return;
    if (became.now === 'kept') {
      this.finish(t('grid.queued'));
      return;
    }
    changed();
    this.finish(said);
  }

  protected finish(said: string): void {
    this.dispatchEvent(new CustomEvent('done', { detail: said }));
  }

  protected leave(): void {
    this.dispatchEvent(new CustomEvent('leave'));
  }

  protected refused(): TemplateResult | typeof nothing {
    if (this.refusal === '') return nothing;
    return html`<div class="failed" role="alert"><p>${this.refusal}</p>${this.problems.length === 0 ? nothing : html`<ul>${this.problems.map((one) => html`
      <li><b>${this.fieldName(one.where)}</b> ${say(one.what_i18n ?? one.what)}。${say(one.fix_i18n ?? one.fix)}</li>`)}</ul>`}</div>`;
  }

  protected problemOf(name: string): Problem | undefined {
    return this.problems.find(({ where }) => where === name);
  }

  protected fieldName(where: string): string {
    if (where === 'reason') return t('grid.why');
    return say(this.register.properties.find(({ name }) => name === where)?.title) || where;
  }
}
