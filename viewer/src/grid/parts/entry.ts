// SPDX-License-Identifier: Apache-2.0
/** One entry: all its fields, what stands in it, what was found there, who changed it, and what can be done. */
import { css, html, nothing, type TemplateResult } from 'lit';
import { count } from '../../core/format';
import { language, nameOf, say, t } from '../../core/i18n';
import { box } from '../../core/ui/box';
import { shared } from '../../core/ui/element';
import { Panel } from '../../core/ui/panel';
import type { About, Register, TaggedEntry } from '../api';
import { server } from '../server';
import { follow, go, grid, isSteward, linkTo, mayPropose, registerOfLayer } from '../state';
import { areaText, entryTitle, percent, withUnit, wordFor, declaredOf } from '../words';
import './edit-form';
import './hazards';
import './history';
import './house';
import { look } from './look';
import './own-proposals';
import './report-form';
import './spaces';
import './survey-form';

/** What can be inspected, as `/hazards` names it. */
const INSPECTED = ['parks', 'villages', 'buildings'];

type Doing = 'edit' | 'report' | null;

export class EntryPart extends Panel<TaggedEntry> {
  static override properties = { register: {}, number: { type: Number }, doing: { state: true }, said: { state: true } };
  static override styles = [shared, box, look, css`
    :host { display: block; min-width: 0; }
    .all { display: grid; gap: 0.8rem; }
    .head { display: grid; grid-template-columns: minmax(0, 1fr); gap: 0.5rem; margin: 0; font-size: inherit; }
    .columns { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 24rem), 1fr)); gap: 0.8rem; align-items: start; }
    .columns > div { display: grid; gap: 0.8rem; min-width: 0; }
    ul.lines li { padding: 0.4rem 0; border-bottom: 1px solid var(--line-1); font-size: 0.92rem; display: flex; flex-wrap: wrap; gap: 0.2rem 0.8rem; justify-content: space-between; }
    ul.lines li:last-child { border: 0; }
    .survey { padding: 0.4rem 0 0.7rem; } .survey + .survey { border-top: 1px solid var(--line-1); }
    .survey .button.small { margin-top: 0.5rem; }
    .cut { max-height: 20rem; overflow: auto; }
    @media (max-width: 760px) { ul.lines li { padding: 0.65rem 0; } .row .button { flex: 1; } .back { flex: 0 0 auto !important; } }
  `];
  override watched = [grid];

  declare register: string;
  declare number: number;
  declare doing: Doing;
  declare said: string;
  #shown = '';

  constructor() {
    super();
    this.register = '';
    this.number = 0;
    this.doing = null;
    this.said = '';
  }

  protected override key(): string {
    const thing = `${this.register}/${this.number}`;
    if (thing !== this.#shown) {
      this.#shown = thing;
      this.doing = null;
      this.said = '';
    }
    return this.register === '' ? '' : `${thing} ${grid.state.generation} ${language.state.code}`;
  }

  protected override fetch(): Promise<TaggedEntry> {
    return server.entry(this.register, this.number);
  }

  override render(): TemplateResult {
    return this.failure === '' ? super.render() : html`<div class="all"><div>${this.#back()}</div>${super.render()}</div>`;
  }

  #back(): TemplateResult {
    const view = { entry: null };
    return html`<a class="button small back" href=${linkTo(view)} @click=${follow(view)}>‹ ${t('grid.back')}</a>`;
  }

  protected override view(entry: TaggedEntry): TemplateResult {
    const register = grid.state.registers.find(({ name }) => name === this.register);
    if (!register || entry.register !== this.register || entry.feature.id !== this.number) return html`<p class="card none" role="status">${t('waiting')}</p>`;
    const { properties } = entry.feature;
    const { about } = entry;
    const done = (event: CustomEvent<string>): void => { this.#done(event.detail); };
    return html`<article class="all" data-id=${entry.feature.id}>
      <div class="card pad head"><div class="row">${this.#back()}<span class="note">${say(register.title)} #${entry.feature.id}</span></div>
        <h2 tabindex="-1">${entryTitle(register.properties, properties, entry.feature.id)}</h2>
        ${about.blocks ? html`<p class="note">${about.blocks.map((one) => html`<a href=${linkTo({ code: one.code, part: 'profile', entry: null })}
          @click=${follow({ code: one.code, part: 'profile', entry: null })}>${nameOf(one)}</a> `)}</p>` : nothing}
        <div class="row">${isSteward(grid.state) ? html`<button class="button main" data-do="edit" aria-expanded=${this.doing === 'edit' ? 'true' : 'false'} @click=${() => { this.#do('edit'); }}>${t('grid.edit')}</button>`
            : mayPropose(grid.state) ? html`<button class="button main" data-do="edit" aria-expanded=${this.doing === 'edit' ? 'true' : 'false'} @click=${() => { this.#do('edit'); }}>${t('grid.propose')}</button>` : nothing}
          ${mayPropose(grid.state) && INSPECTED.includes(register.name) ? html`<button class="button" data-do="report" aria-expanded=${this.doing === 'report' ? 'true' : 'false'}
            @click=${() => { this.#do('report'); }}>${t('grid.report')}</button>` : nothing}
          ${grid.state.map ? nothing : html`<button class="button" @click=${() => { go({ map: true }); }}>${t('grid.on_map')}</button>`}</div>
        ${this.said === '' ? nothing : html`<p class="done" role="status">${this.said}</p>`}</div>
      ${this.doing === 'edit' ? html`<grid-edit class="card pad" .register=${register} .entry=${entry} @done=${done}
          @leave=${() => { this.doing = null; }}></grid-edit>`
        : this.doing === 'report' ? html`<grid-report class="card pad" .register=${register} .entry=${entry} @done=${done}
          @leave=${() => { this.doing = null; }}></grid-report>` : nothing}
      <div class="columns"><div>${fieldsView(register, properties)}${aboutView(about)}</div>
        <div>${register.layer === 'buildings' ? html`<grid-house class="card pad" .building=${entry.feature.id}></grid-house>` : nothing}
          ${about.rental_space ? html`<grid-spaces class="card pad" .entry=${entry} @done=${done}></grid-spaces>` : nothing}
          ${about.surveys ? this.#surveys(about.surveys, register, entry, done) : nothing}
          ${INSPECTED.includes(register.name) ? html`<grid-hazards class="card pad" .at=${register.name} .number=${entry.feature.id}></grid-hazards>` : nothing}
          ${mayPropose(grid.state) ? html`<grid-proposals class="card pad" .layer=${register.layer} .number=${entry.feature.id}></grid-proposals>` : nothing}
          <grid-history class="card pad" .register=${register} .entry=${entry} @done=${done}></grid-history></div></div></article>`;
  }

  #surveys(surveys: NonNullable<About['surveys']>, register: Register, entry: TaggedEntry, done: (event: CustomEvent<string>) => void): TemplateResult {
    const { survey: open } = grid.state;
    return html`<div class="card pad"><h3>${t('grid.surveys')}</h3>${surveys.length === 0 ? html`<p class="note">${t('grid.surveys_none')}</p>` : surveys.map((one) => {
      const isOpen = open === one.id;
      return html`<div class="survey" data-survey=${one.id}><div class="spread"><span>${language.state.code === 'en' && one.title_en ? one.title_en : one.title}</span><b class="number">${percent(one.completeness)}</b></div>
        <div class="bar"><i style="width:${100 * one.completeness}%"></i></div>
        <p class="note">${t('grid.answered', { answered: one.answered, required: one.required })} · ${t('grid.due', { day: one.due })}${one.closed_at ? ` · ${t('grid.closed')}` : ''}</p>
        <button class="button small" data-do="answer" aria-expanded=${isOpen ? 'true' : 'false'} @click=${() => { this.said = ''; go({ survey: isOpen ? null : one.id }); }}>
          ${one.closed_at === null && mayPropose(grid.state) ? t('grid.answer_do') : t('grid.answer_see')}</button>
        ${isOpen ? html`<grid-survey .register=${register} .entry=${entry} .round=${one.id} @done=${(event: CustomEvent<string>) => { go({ survey: null }); done(event); }}
          @leave=${() => { go({ survey: null }); }}></grid-survey>` : nothing}</div>`;
    })}</div>`;
  }

  #do(what: Doing): void {
    this.doing = this.doing === what ? null : what;
    this.said = '';
  }

  #done(said: string): void {
    this.doing = null;
    this.said = said;
  }
}

function fieldsView(register: Register, properties: Record<string, unknown>): TemplateResult {
  return html`<div class="card pad"><h3>${t('grid.fields')}</h3><dl class="fields">${register.properties.map((one) => html`
    <dt>${say(one.title)}</dt><dd data-field=${one.name}>${withUnit(one, properties[one.name])}</dd>`)}</dl></div>`;
}

function aboutView({ buildings, units, firms, inspections, meets }: About): TemplateResult | typeof nothing {
  if (!buildings) return nothing;
  const target = registerOfLayer('buildings')?.name ?? '';
  return html`<div class="card pad"><h3>${t('grid.inside')}</h3><dl class="fields">
      <dt>${t('list.buildings')}</dt><dd>${count(buildings.count)}${buildings.floor_area === null ? '' : ` · ${areaText(buildings.floor_area)}`}</dd>
      ${units ? html`<dt>${t('grid.units')}</dt><dd>${count(units.count)}${units.rented === null ? '' : ` · ${t('grid.rented', { count: count(units.rented) })}`}
        ${Object.entries(units.uses).map(([use, number]) => ` · ${wordFor(declaredOf('units', 'use'), use)} ${count(number)}`)}</dd>` : nothing}
      ${firms === undefined ? nothing : html`<dt>${t('grid.firms')}</dt><dd>${count(firms)}</dd>`}
      ${inspections ? html`<dt>${t('grid.inspections')}</dt><dd>${count(inspections.count)}${inspections.last ? ` · ${t('grid.last', { day: inspections.last })}` : ''}</dd>` : nothing}
      ${meets && meets.length > 1 ? html`<dt>${t('grid.shares')}</dt><dd>${meets.map((one) => `${one.block_code} ${percent(one.share)}`).join(' · ')}</dd>` : nothing}</dl>
    ${buildings.shown.length === 0 ? nothing : html`<ul class="lines cut">${buildings.shown.map((one) => {
      const view = { part: 'registers', register: target, entry: one.id, q: '', filter: '', sort: '' } as const;
      return html`<li><a href=${linkTo(view)} @click=${follow(view)}>${one.name ?? one.code ?? `#${one.id}`}</a>
        <span class="note">${wordFor(declaredOf('buildings', 'use'), one.use)} · ${t('grid.storeys', { count: one.storeys_above ?? '–' })}</span></li>`;
    })}</ul>${buildings.count > buildings.shown.length ? html`<p class="note">${t('grid.first', { count: buildings.shown.length })}</p>` : nothing}`}</div>`;
}

customElements.define('grid-entry', EntryPart);
