// SPDX-License-Identifier: Apache-2.0
/** Space for rent in a park, by building, storey and unit, with its history; a steward edits all of it at once. */
import { css, html, nothing, type TemplateResult } from 'lit';
import { count } from '../../core/format';
import { language, t } from '../../core/i18n';
import { box } from '../../core/ui/box';
import { shared } from '../../core/ui/element';
import { Panel } from '../../core/ui/panel';
import type { Space, Spaces, TaggedEntry } from '../api';
import { server } from '../server';
import { grid, isSteward } from '../state';
import { areaText, declaredOf, spaceStateName, wordFor } from '../words';
import { look } from './look';
import './part-history';
import './spaces-form';

export class SpacesPart extends Panel<Spaces> {
  static override properties = { entry: { attribute: false }, editing: { state: true } };
  static override styles = [shared, box, look, css`:host { display: block; } .wide { overflow: auto; max-height: 22rem; } .row { margin-top: 0.6rem; }`];

  declare entry: TaggedEntry;
  declare editing: boolean;

  constructor() {
    super();
    this.editing = false;
  }

  get #park(): number {
    return this.entry.feature.id;
  }

  protected override key(): string {
    return `${this.#park} ${grid.state.generation} ${language.state.code}`;
  }

  protected override fetch(): Promise<Spaces> {
    return server.spaces(this.#park);
  }

  protected override view({ buildings, spaces }: Spaces): TemplateResult {
    const vacant = buildings.reduce((sum, one) => sum + one.vacant_area, 0);
    if (this.editing) {
      return html`<grid-spaces-form .entry=${this.entry} .spaces=${spaces} @leave=${() => { this.editing = false; }}
        @done=${(event: CustomEvent<string>) => { this.editing = false; this.dispatchEvent(new CustomEvent('done', { detail: event.detail })); }}></grid-spaces-form>`;
    }
    return html`<h3 class="spread">${t('grid.spaces')} <span class="chip">${t('grid.vacant', { area: areaText(vacant) })}</span></h3>
      ${spaces.length === 0 ? html`<p class="note">${t('grid.spaces_none')}</p>` : html`<div class="wide"><table><thead><tr><th>${t('grid.building')}</th><th>${t('grid.place')}</th>
        <th class="number">${t('grid.area')}</th><th>${t('grid.state')}</th></tr></thead><tbody>${spaces.map((one) => html`<tr><td><code>${one.building_code}</code></td>
        <td>${placeName(one)} ${one.use === null ? '' : wordFor(declaredOf('units', 'use'), one.use)}</td>
        <td class="number">${count(one.area)} m²</td><td>${spaceStateName(one.state)}${one.available_from ? html`<br /><span class="note">${t('grid.from', { day: one.available_from })}</span>` : ''}</td></tr>`)}</tbody></table></div>`}
      ${isSteward(grid.state) ? html`<div class="row"><button class="button small" data-do="spaces" @click=${() => { this.editing = true; }}>${t('grid.spaces_edit')}</button></div>` : nothing}
      <grid-part-history .of=${`spaces ${this.#park}`} .ask=${async () => (await server.spaceVersions(this.#park)).map((one) => ({
        title: `${one.building_code} ${placeName(one)}`.trim(), versions: one.versions,
      }))} .nameOf=${fieldName} .wordOf=${valueName}></grid-part-history>`;
  }
}

function placeName({ storey_number: storey, unit_code: unit }: Pick<Space, 'storey_number' | 'unit_code'>): string {
  return [storey === null ? '' : t('grid.storey', { number: storey }), unit ?? ''].join(' ').trim();
}

function fieldName(name: string): string {
  switch (name) {
    case 'area': return t('grid.area');
    case 'use': return t('grid.use');
    case 'state': return t('grid.state');
    case 'available_from': return t('grid.available_from');
    default: return name;
  }
}

function valueName(name: string, value: unknown): string {
  if (name === 'state' && (value === 'vacant' || value === 'reserved' || value === 'let')) return spaceStateName(value);
  if (name === 'area' && typeof value === 'number') return `${count(value)} m²`;
  return wordFor(name === 'use' ? declaredOf('units', 'use') : undefined, value);
}

customElements.define('grid-spaces', SpacesPart);
