// SPDX-License-Identifier: Apache-2.0
/** Every version of an entry: when, by which role, why, and what changed; any of them can be looked at whole. */
import { css, html, nothing, type TemplateResult } from 'lit';
import type { Properties } from '../../core/api';
import { ApiError } from '../../core/client';
import { dayAndTime } from '../../core/format';
import { language, say, t } from '../../core/i18n';
import { roleName } from '../../core/roles';
import { box } from '../../core/ui/box';
import { shared } from '../../core/ui/element';
import { Panel } from '../../core/ui/panel';
import type { Register, TaggedEntry, Version } from '../api';
import { typed } from '../form-text';
import { server } from '../server';
import { changed, grid, isSteward } from '../state';
import { wordFor, withUnit } from '../words';
import { look } from './look';

export class History extends Panel<Version[]> {
  static override properties = { register: { attribute: false }, entry: { attribute: false }, then: { state: true }, asking: { state: true } };
  static override styles = [shared, box, look, css`
    :host { display: block; }
    ol { border-left: 0.15rem solid var(--line-2); padding-left: 0.9rem; margin-left: 0.2rem; }
    li { padding: 0.3rem 0 0.6rem; font-size: 0.9rem; position: relative; }
    li.version::before { content: ''; position: absolute; left: -1.24rem; top: 0.75rem; width: 0.55rem; height: 0.55rem; border-radius: 50%; background: var(--accent); }
    del { color: var(--ink-2); } ins { text-decoration: none; font-weight: 600; } ul li { padding: 0.1rem 0; overflow-wrap: anywhere; }
    .link { min-height: 1.8rem; margin-right: 0.8rem; }
    form.ask { display: grid; gap: 0.6rem; margin: 0.4rem 0; padding: 0.7rem 0.9rem; border-left: 0.25rem solid var(--warm); background: color-mix(in srgb, var(--warm) 8%, transparent); }
    @media (max-width: 760px) { .link { min-height: 2.6rem; } }
  `];
  override watched = [grid];

  declare register: Register;
  declare entry: TaggedEntry;
  declare then: { version: string; properties: Properties } | null;
  /** The version that is to come back, once that is confirmed. */
  declare asking: { version: Version; properties: Properties } | null;

  constructor() {
    super();
    this.then = null;
    this.asking = null;
  }

  get #id(): number {
    return this.entry.feature.id;
  }

  protected override key(): string {
    return `${this.register.name}/${this.#id} ${grid.state.generation} ${language.state.code}`;
  }

  protected override fetch(): Promise<Version[]> {
    this.then = null;
    this.asking = null;
    return server.versions(this.register.name, this.#id);
  }

  protected override view(versions: Version[]): TemplateResult {
    return html`<h3>${t('grid.history')}</h3><ol>${versions.map((one) => html`<li class="version" data-action=${one.action}>
      <b>${actionName(one.action)}</b> <span class="note">${dayAndTime(one.version)}${one.role === null ? '' : ` · ${roleName(one.role)}`}${one.reason ? ` · ${one.reason}` : ''}
        ${one.load_id !== null && one.action === 'load' ? ` · ${t('grid.load', { id: one.load_id })}` : ''}</span>
      <ul>${Object.entries(one.changes).map(([name, { old, new: now }]) => {
        const field = this.register.properties.find((property) => property.name === name);
        return html`<li>${say(field?.title) || name}: <del>${wordFor(field, old)}</del> → <ins>${wordFor(field, now)}</ins></li>`;
      })}${one.geometry_changed ? html`<li>${t('grid.boundary')}</li>` : nothing}</ul>
      <button class="link" aria-expanded=${this.then?.version === one.version ? 'true' : 'false'} @click=${() => { void this.#look(one); }}>${t('grid.as_then')}</button>
      ${one.replaced_at !== null && isSteward(grid.state) ? html` <button class="link" data-do="restore" aria-expanded=${this.asking?.version === one ? 'true' : 'false'}
        @click=${() => { void this.#ask(one); }}>${t('grid.restore')}</button>` : nothing}
      ${this.asking?.version === one ? this.#confirm(this.asking) : nothing}
      ${this.then?.version === one.version ? this.#then(this.then.properties) : nothing}</li>`)}</ol>
      ${this.refusal === '' ? nothing : html`<p class="failed" role="alert">${this.refusal}</p>`}`;
  }

  #then(properties: Properties): TemplateResult {
    return html`<dl class="fields" data-then>${this.register.properties.map((one) => html`<dt>${say(one.title)}</dt><dd>${withUnit(one, properties[one.name])}</dd>`)}</dl>`;
  }

  #confirm({ version, properties }: { version: Version; properties: Properties }): TemplateResult {
    const now = this.entry.feature.properties;
    const other = this.register.editable.filter(({ name }) => now[name] !== properties[name]);
    return html`<form class="ask" @submit=${(event: SubmitEvent) => { event.preventDefault(); void this.#restore(version, typed(new FormData(event.target as HTMLFormElement), 'because')); }}>
      <p><b>${t('grid.restore_ask', { time: dayAndTime(version.version) })}</b></p>
      ${other.length === 0 ? html`<p class="note">${t('grid.restore_same')}</p>` : html`<ul>${other.map((field) => html`<li data-back=${field.name}>${say(field.title)}:
        <del>${wordFor(field, now[field.name])}</del> → <ins>${wordFor(field, properties[field.name])}</ins></li>`)}</ul>`}
      <label>${t('grid.why_edit')}<input name="because" maxlength="500" autocomplete="off" placeholder=${t('grid.no_persons')} /></label>
      <div class="row"><button class="button main" ?disabled=${this.busy}>${t('grid.restore_do')}</button>
        <button type="button" class="button" @click=${() => { this.asking = null; }}>${t('cancel')}</button></div></form>`;
  }

  async #ask(version: Version): Promise<void> {
    if (this.asking?.version === version) {
      this.asking = null;
      return;
    }
    await this.act(async () => { this.asking = { version, properties: await this.#readThen(version) }; });
  }

  async #restore({ version }: Version, reason: string): Promise<void> {
    const done = await this.act(async () => {
      try {
        await server.restore(this.register.name, this.#id, this.entry.tag, version, reason);
      } catch (error) {
        if (!(error instanceof ApiError && error.status === 412)) throw error;
        throw new ApiError(412, '', t('grid.restore_faster'));
      }
    });
    if (!done) {
      if (this.refusal === t('grid.restore_faster')) changed();
      return;
    }
    this.dispatchEvent(new CustomEvent('done', { detail: t('grid.restored') }));
    changed();
  }

  /** As it stood just before it was replaced: at the moment of a version itself its write was still on its way. */
  async #readThen({ replaced_at: end }: Version): Promise<Properties> {
    return (await server.feature(this.register.layer, this.#id, end === null ? '' : justBefore(end))).properties ?? {};
  }

  async #look(one: Version): Promise<void> {
    if (this.then?.version === one.version) {
      this.then = null;
      return;
    }
    await this.act(async () => { this.then = { version: one.version, properties: await this.#readThen(one) }; });
  }
}

/** A microsecond earlier, which a Date cannot tell. */
function justBefore(instant: string): string {
  const [, whole = '', micros = '', zone = ''] = /^(.*)\.(\d{6})(.*)$/u.exec(instant) ?? [];
  if (whole === '' || Number(micros) === 0) return new Date(new Date(instant).getTime() - 1).toISOString();
  return `${whole}.${String(Number(micros) - 1).padStart(6, '0')}${zone}`;
}

function actionName(action: Version['action']): string {
  switch (action) {
    case 'load': return t('grid.by_load');
    case 'edit': return t('grid.by_edit');
    case 'restore': return t('grid.by_restore');
    case 'proposal': return t('grid.by_proposal');
  }
}

customElements.define('grid-history', History);
