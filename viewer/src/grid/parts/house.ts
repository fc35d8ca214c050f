// SPDX-License-Identifier: Apache-2.0
/** A building's storeys and units, the highest first. Persons appear as counts at most. */
import { css, html, type TemplateResult } from 'lit';
import { count } from '../../core/format';
import { language, say, t } from '../../core/i18n';
import { box } from '../../core/ui/box';
import { shared } from '../../core/ui/element';
import { Panel } from '../../core/ui/panel';
import type { House } from '../api';
import { server } from '../server';
import { follow, linkTo, registerOfLayer } from '../state';
import { areaText, declaredOf, wordFor } from '../words';
import { look } from './look';

export class HousePart extends Panel<House> {
  static override properties = { building: { type: Number } };
  static override styles = [shared, box, look, css`
    :host { display: block; }
    summary { cursor: pointer; padding: 0.45rem 0; display: flex; gap: 0.8rem; justify-content: space-between; font-size: 0.92rem; min-height: 2.2rem; align-items: center; }
    details { border-bottom: 1px solid var(--line-1); }
    .units { display: grid; grid-template-columns: repeat(auto-fill, minmax(6.5rem, 1fr)); gap: 0.4rem; padding: 0.2rem 0 0.7rem; }
    .units a { border: 1px solid var(--line); border-radius: 0.4rem; padding: 0.35rem 0.5rem; text-decoration: none; color: inherit; font-size: 0.88rem; background: var(--raised); }
    .units a:hover { background: var(--hover); } .units small { display: block; color: var(--ink-2); }
    .storeys { max-height: 28rem; overflow: auto; margin-top: 0.5rem; }
    @media (max-width: 760px) { summary { min-height: 2.75rem; } .storeys { max-height: none; } }
  `];

  declare building: number;

  constructor() {
    super();
    this.building = 0;
  }

  protected override key(): string {
    return `${this.building} ${language.state.code}`;
  }

  protected override fetch(): Promise<House> {
    return server.house(this.building);
  }

  protected override view({ counts, storeys, persons }: House): TemplateResult {
    const register = registerOfLayer('units');
    if (storeys.length === 0) return html`<h3>${t('grid.house')}</h3><p class="note">${t('grid.house_none')}</p>`;
    return html`<h3>${t('grid.house')}</h3><p class="note">${t('grid.house_counts', { storeys: counts.storeys, units: count(counts.units) })}
        ${Object.entries(counts.uses).map(([use, number]) => ` · ${wordFor(declaredOf('units', 'use'), use)} ${count(number)}`)}
        ${counts.residents === null || counts.residents === undefined ? '' : ` · ${t('grid.residents', { count: counts.residents })}`}</p>
      <div class="storeys">${storeys.map((storey) => html`
        <details><summary><span>${storey.name ?? (storey.number === null ? t('grid.storey_unknown') : t('grid.storey', { number: storey.number }))}</span>
          <span class="note">${t('grid.units_count', { count: storey.units.length })}${storey.floor_area === null ? '' : ` · ${areaText(storey.floor_area)}`}</span></summary>
          <div class="units">${storey.units.map((unit) => {
            const view = { part: 'registers', register: register?.name ?? '', entry: unit.id, q: '', filter: '', sort: '' } as const;
            return html`<a href=${linkTo(view)} @click=${follow(view)}>${unit.room ?? unit.code ?? `#${unit.id}`}<small>${wordFor(declaredOf('units', 'use'), unit.use)}
              ${typeof unit.floor_area !== 'number' ? '' : ` ${areaText(unit.floor_area)}`}</small></a>`;
          })}</div></details>`)}</div>
      <p class="note" style="margin-top:0.5rem">${say(persons.note)}</p>`;
  }
}

customElements.define('grid-house', HousePart);
