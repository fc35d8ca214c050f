// SPDX-License-Identifier: Apache-2.0
/** Incidents as they arrive, newest first. */
import { css, html, type TemplateResult } from 'lit';
import type { Collection, TwinFeature } from '../../core/api';
import { cityData } from '../../core/city-data';
import { colourOf, localText, rowsOf, titleOf } from '../../core/declared';
import { dayAndTime, textOf } from '../../core/format';
import { t } from '../../core/i18n';
import { shared, TwinElement } from '../../core/ui/element';
import { wall } from '../state';
import { panel } from './panel';

export class Ticker extends TwinElement {
  static override styles = [shared, panel, css`
    section { height: 100%; }
    ol { overflow: auto; min-height: 0; margin: 0 -0.4rem; }
    button { display: grid; grid-template-columns: 0.5rem minmax(0, 1fr) auto; gap: 0 0.6rem; align-items: center; width: 100%;
      text-align: left; padding: 0.4rem; border-radius: 0.35rem; border-bottom: 1px solid var(--line-1); font-size: 0.9rem; line-height: 1.35; }
    button:hover { background: var(--hover); }
    i { width: 0.5rem; height: 0.5rem; border-radius: 50%; background: var(--dot); }
    span { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
    time, small { font-size: 0.76rem; color: var(--ink-2); white-space: nowrap; }
    small { grid-column: 2 / -1; overflow: hidden; text-overflow: ellipsis; }
    .fresh button { background: color-mix(in srgb, var(--dot) 16%, transparent); }
    @media (prefers-reduced-motion: no-preference) { .fresh { animation: arrive 0.5s ease-out; } }
    @keyframes arrive { from { opacity: 0; transform: translateY(-0.6rem); } }
  `];
  override watched = [wall, cityData];

  override render(): TemplateResult {
    const { incidents, incidentsFailure, incidentsLoaded, fresh } = wall.state;
    const layer = cityData.state.collections.find(({ id }) => id === 'incidents');
    return html`<section><h2>${t('ticker.title')}</h2>
      ${layer && incidents.length > 0
        ? html`<ol aria-live="off">${incidents.map((one) => this.#line(layer, one, fresh.has(Number(one.id))))}</ol>`
        : html`<p class="empty ${incidentsFailure === '' ? '' : 'failed'}">${incidentsFailure !== '' ? incidentsFailure
          : incidentsLoaded ? t('ticker.none') : t('waiting')}</p>`}
    </section>`;
  }

  #line(layer: Collection, feature: TwinFeature, fresh: boolean): TemplateResult {
    const properties = feature.properties ?? {};
    const time = layer.blocktwin.time_column;
    const named = new Set(['block_code', 'event_type', 'event_type_name', 'name']);
    const notes = rowsOf({ ...layer, blocktwin: {
      ...layer.blocktwin, properties: layer.blocktwin.properties.filter(({ name, type }) => !named.has(name.replace(/_en$/u, '')) && type !== 'datetime'),
    } }, properties).map(({ value }) => value);
    const name = localText(properties, 'event_type_name');
    return html`<li class=${fresh ? 'fresh' : ''} style="--dot:${colourOf(layer, properties)}">
      <button @click=${() => this.dispatchEvent(new CustomEvent('show-incident', { detail: feature, bubbles: true, composed: true }))}>
        <i></i><span>${name || titleOf(layer, properties, feature.id)}</span>
        <time class="number">${dayAndTime(textOf(properties, time))}</time>
        <small>${notes.join(' · ')}</small>
      </button></li>`;
  }
}

customElements.define('wall-ticker', Ticker);
