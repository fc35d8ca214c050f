// SPDX-License-Identifier: Apache-2.0
/** The block in focus and its key figures, a line for each layer that declares some. */
import { css, html, nothing, type TemplateResult } from 'lit';
import type { MeasureValue, Profile } from '../../core/api';
import { cityData } from '../../core/city-data';
import { figure, unitOf } from '../../core/format';
import { language, nameOf, say, t } from '../../core/i18n';
import { shared, TwinElement } from '../../core/ui/element';
import { wall } from '../state';
import { panel } from './panel';

interface Figure { label: string; value: number | null; unit: string; shown?: string | null; isMarked?: boolean }
interface Group { title: string; figures: Figure[] }

export class Figures extends TwinElement {
  static override styles = [shared, panel, css`
    .place { margin-bottom: 0.8rem; }
    .place h2 { font-size: 1.7rem; line-height: 1.2; font-weight: 650; letter-spacing: 0.04em; }
    .place p { color: var(--ink-2); font-size: 0.82rem; margin-top: 0.15rem; }
    .main { display: grid; grid-template-columns: 1.35fr 1fr; background: var(--raised); border-radius: 0.5rem; padding: 0.75rem 0.9rem; align-items: end; }
    .main dd { font-size: 1.75rem; line-height: 3.05rem; } .main div:first-child dd { font-size: 2.9rem; color: var(--warm); }
    .group { display: grid; grid-template-columns: 4.7rem 1fr; gap: 0.4rem; align-items: baseline; padding: 0.46rem 0.1rem 0.38rem; border-bottom: 1px solid var(--line-1); }
    .group:last-child { border-bottom: 0; padding-bottom: 0; }
    h3 { font-size: 0.86rem; font-weight: 500; color: var(--ink-2); }
    .group dl { display: grid; grid-template-columns: minmax(0, 0.8fr) minmax(0, 1.25fr) minmax(0, 0.8fr); gap: 0.6rem; }
    dt { color: var(--ink-2); font-size: 0.74rem; white-space: nowrap; overflow: hidden; text-overflow: ellipsis; }
    dd { font-size: 1.14rem; font-weight: 600; line-height: 1.25; white-space: nowrap; }
    .marked dd { color: var(--warm); }
    dd small { font-size: 0.68rem; font-weight: 400; color: var(--ink-2); margin-left: 0.12rem; white-space: pre; }
  `];

  override watched = [wall, cityData];

  override render(): TemplateResult {
    const { block, profile, profileFailure, blockFailure } = wall.state;
    const english = language.state.code === 'en';
    const second = block ? (english ? block.name : block.name_en ?? '') : '';
    const incidents = profile?.incidents;
    return html`<section>
      <div class="place">
        <h2>${block ? nameOf(block) : t('block.loading')}</h2>
        <p>${block ? [say(block.level_name), block.code, second].filter((one) => one !== '').join(' · ') : blockFailure}</p>
      </div>
      ${block && blockFailure !== '' ? html`<p class="empty failed" role="alert">${blockFailure}</p>` : nothing}
      ${profileFailure === '' ? nothing : html`<p class="empty failed" role="alert">${profileFailure}</p>`}
      <dl class="main">
        ${one({ label: t('figures.open'), value: incidents?.open ?? null, unit: '' })}
        ${one({ label: t('figures.today'), value: incidents?.today ?? null, unit: '' })}
      </dl>
      ${this.#groups(profile).map(({ title, figures }) => html`<div class="group"><h3>${title}</h3><dl>${figures.map(one)}</dl></div>`)}
    </section>`;
  }

  #groups(profile: Profile | null): Group[] {
    // What a wall shows by itself is what it counts; the rest is asked for elsewhere.
    const groups = cityData.state.collections.filter(({ blocktwin }) => blocktwin.visible && blocktwin.kpis.length > 0).map(({ id, blocktwin }) => ({
      title: say(blocktwin.title),
      figures: blocktwin.kpis.slice(0, 3).map(({ name, title, unit }): Figure => ({
        label: say(title), value: profile?.registers[id]?.[name] ?? null, unit: unit ?? '',
      })),
    }));
    const own = (profile?.pillars ?? []).flatMap(({ measures }) => measures).filter((measure) => measure.is_indicator);
    for (let first = 0; first < own.length; first += 3) {
      groups.push({ title: first === 0 ? t('figures.indicators') : '', figures: own.slice(first, first + 3).map(ofMeasure) });
    }
    return groups;
  }
}

function ofMeasure({ title, value, unit, shown, threshold }: MeasureValue): Figure {
  return { label: say(title), value, unit: unit ?? '', shown, isMarked: value !== null && threshold != null && value >= threshold };
}

function one({ label, value, unit, shown, isMarked }: Figure): TemplateResult {
  const said = figure(value);
  return html`<div class=${isMarked ? 'marked' : ''}><dt title=${label}>${label}</dt>
    <dd class="number">${shown ?? html`${said.value}<small>${said.scale}${unitOf(unit)}</small>`}</dd></div>`;
}

customElements.define('wall-figures', Figures);
