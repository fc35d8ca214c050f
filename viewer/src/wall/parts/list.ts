// SPDX-License-Identifier: Apache-2.0
/** The same as the map, as tables: for keyboards, screen readers, and whoever wants to read figures. */
import { css, html, type TemplateResult } from 'lit';
import { cityData } from '../../core/city-data';
import { colourOf, titleOf } from '../../core/declared';
import { count, dayAndTime, textOf } from '../../core/format';
import { nameOf, t } from '../../core/i18n';
import { shared, TwinElement } from '../../core/ui/element';
import { focusBlock } from '../drill';
import { wall } from '../state';

export class ListView extends TwinElement {
  static override styles = [shared, css`
    :host { background: var(--panel-solid); border: 1px solid var(--line); border-radius: var(--radius); box-shadow: var(--shadow);
      overflow: auto; padding: 0.9rem 1rem; }
    header { display: flex; justify-content: space-between; align-items: center; }
    h2 { font-size: 1.05rem; } h3 { font-size: 0.86rem; color: var(--ink-2); margin: 0.9rem 0 0.3rem; }
    .close { width: 1.9rem; height: 1.9rem; font-size: 1.15rem; color: var(--ink-2); border-radius: 0.4rem; }
    table { width: 100%; border-collapse: collapse; font-size: 0.86rem; }
    th { text-align: left; color: var(--ink-2); font-weight: 500; }
    th, td { padding: 0.34rem 0.4rem; border-bottom: 1px solid var(--line-1); }
    .n { text-align: right; font-variant-numeric: tabular-nums; }
    td button { color: var(--accent-ink); text-align: left; }
    i { display: inline-block; width: 0.55rem; height: 0.55rem; border-radius: 50%; margin-right: 0.4rem; }
  `];
  override watched = [wall, cityData];

  override render(): TemplateResult {
    const { block, profile, incidents } = wall.state;
    const figures = new Map(profile?.children.map((child) => [child.code, child]));
    const layer = cityData.state.collections.find(({ id }) => id === 'incidents');
    return html`
      <header><h2>${t('list.title', { name: block ? nameOf(block) : '' })}</h2>
        <button class="close" aria-label=${t('close')} @click=${() => { wall.set({ listOpen: false }); }}>×</button></header>
      <h3>${t('children.title')}</h3>
      <table><thead><tr><th>${t('list.name')}</th><th>${t('list.code')}</th><th class="n">${t('list.buildings')}</th><th class="n">${t('list.open_incidents')}</th></tr></thead>
        <tbody>${(block?.children ?? []).map((child) => html`<tr>
          <td><button @click=${() => { void focusBlock(child.code); }}>${nameOf(child)}</button></td><td>${child.code}</td>
          <td class="n">${count(figures.get(child.code)?.buildings)}</td><td class="n">${count(figures.get(child.code)?.incidents_open)}</td></tr>`)}
        </tbody></table>
      <h3>${t('ticker.title')}</h3>
      <table><thead><tr><th>${t('list.name')}</th><th>${t('list.code')}</th><th class="n">${t('list.time')}</th></tr></thead>
        <tbody>${layer ? incidents.map(({ id, properties }) => html`<tr>
          <td><i style="background:${colourOf(layer, properties)}"></i>${titleOf(layer, properties ?? {}, id)}</td>
          <td>${textOf(properties, 'block_code')}</td>
          <td class="n">${dayAndTime(textOf(properties, layer.blocktwin.time_column))}</td></tr>`) : ''}</tbody></table>`;
  }
}

customElements.define('wall-list', ListView);
