// SPDX-License-Identifier: Apache-2.0
/** The part of a form that says what somebody may do: role, class, purpose, and what is in reach. */
import { css, html, nothing, type PropertyDeclarations, type TemplateResult } from 'lit';
import { listed } from '../../core/format';
import { t } from '../../core/i18n';
import { roleName } from '../../core/roles';
import type { KeptRights, Reached, Rights } from '../access-api';
import { className } from '../words';
import './block-picker';
import { DeskForm, type Given } from './form';

/** From this class on, data are read for a stated purpose. */
const RESTRICTED = 3;

export const rightsStyle = css`
  .reach { grid-column: 1 / -1; } .reach .choices { display: flex; gap: 0.4rem 1.4rem; flex-wrap: wrap; }
  .limits { display: grid; grid-template-columns: minmax(0, 2fr) minmax(0, 1fr); gap: 0.85rem 1rem; align-items: start; }
  @media (max-width: 760px) { .limits { grid-template-columns: minmax(0, 1fr); } }
`;

export abstract class RightsForm extends DeskForm {
  static override properties: PropertyDeclarations = {
    ...DeskForm.properties, roles: { attribute: false }, chosenRole: { state: true }, level: { state: true }, isLimited: { state: true }, scope: { state: true },
  };

  /** The highest class of each role. */
  declare roles: Record<string, number>;
  declare protected chosenRole: string;
  declare protected level: number | null;
  declare protected isLimited: boolean;
  declare protected scope: Reached[];

  constructor() {
    super();
    this.roles = {};
    this.chosenRole = '';
    this.level = null;
    this.isLimited = false;
    this.scope = [];
  }

  protected begin(kept: KeptRights | null): void {
    if (kept === null) return;
    this.chosenRole = kept.role;
    this.level = kept.access_class;
    this.isLimited = kept.is_limited;
    this.scope = kept.scope;
  }

  protected rightsFields(kept: KeptRights | null): TemplateResult {
    const highest = this.roles[this.chosenRole] ?? 1;
    const level = Math.min(this.level ?? highest, highest);
    const needsPurpose = this.chosenRole !== '' && level >= RESTRICTED;
    return html`${this.field('role', t('access.role'), html`<select name="role" required @change=${(event: Event) => { this.chosenRole = (event.target as HTMLSelectElement).value; this.level = null; }}>
        <option value="" disabled ?selected=${this.chosenRole === ''}>${t('send.choose')}</option>
        ${Object.keys(this.roles).map((one) => html`<option value=${one} ?selected=${one === this.chosenRole}>${roleName(one)}</option>`)}</select>`)}
      ${this.field('access_class', t('people.class'), html`<select name="access_class" .value=${String(level)} ?disabled=${this.chosenRole === ''}
        @change=${(event: Event) => { this.level = Number((event.target as HTMLSelectElement).value); }}>
        ${Array.from({ length: highest }, (_, at) => at + 1).map((one) => html`<option value=${one} ?selected=${one === level}>${className(one)}</option>`)}</select>`, t('people.class_hint'))}
      ${this.field('purpose', needsPurpose ? t('people.purpose_needed') : t('people.purpose'), html`<input name="purpose" maxlength="200" autocomplete="off" ?required=${needsPurpose} .value=${kept?.purpose ?? ''} />`, t('people.purpose_hint'), 'wide')}
      <fieldset class="reach"><legend>${t('people.reach')}</legend>
        <div class="choices"><label class="choice"><input type="radio" name="reach" value="all" .checked=${!this.isLimited} @change=${() => { this.isLimited = false; }} /><span>${t('people.everywhere')}</span></label>
          <label class="choice"><input type="radio" name="reach" value="some" .checked=${this.isLimited} @change=${() => { this.isLimited = true; }} /><span>${t('people.limited')}</span></label></div>
        ${this.isLimited ? html`<div class="limits">
          <div class="field" ?data-wrong=${this.wrong === 'scope'}><admin-block-picker name="scope" .label=${t('people.blocks')} .chosen=${this.scope}
              @chosen=${(event: CustomEvent<Reached[]>) => { this.scope = event.detail; }}></admin-block-picker>
            ${this.wrong === 'scope' ? html`<span class="failed" role="alert">${this.refusal}</span>` : nothing}</div>
          ${this.field('organisations', t('access.organisations'), html`<textarea name="organisations" rows="3" spellcheck="false" .value=${(kept?.organisations ?? []).join('\n')}></textarea>`, t('people.organisations_hint'))}</div>` : nothing}</fieldset>`;
  }

  /** Null, with the complaint made, where a limit without anything in it would mean everything. */
  protected readRights(given: Given): Rights | null {
    const organisations = this.isLimited ? lines(given.text('organisations')) : [];
    const scope = this.isLimited ? this.scope.map(({ code }) => code) : [];
    if (this.isLimited && scope.length === 0 && organisations.length === 0) {
      this.complain('scope', t('people.nothing_chosen'));
      return null;
    }
    return { role: this.chosenRole, access_class: Number(given.text('access_class')) || null, purpose: given.textOrNull('purpose'), scope, organisations };
  }
}

/** A name may hold commas and spaces, so each has a line. */
export function lines(text: string): string[] {
  return text.split('\n').map((line) => line.trim()).filter((line) => line !== '');
}

/** What is in reach, in words. */
export function reachText({ scope, organisations, is_limited }: Pick<KeptRights, 'scope' | 'organisations' | 'is_limited'>): string {
  const names = [...scope.map(({ code, name }) => name ?? code), ...organisations];
  return names.length > 0 ? listed(names) : is_limited ? t('access.nowhere') : t('people.everywhere');
}
