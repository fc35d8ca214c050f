// SPDX-License-Identifier: Apache-2.0
/** What is in the block: pillars with counts, trend and rank, registers, incidents, targets, and the blocks below. */
import { css, html, nothing, svg, type TemplateResult } from 'lit';
import { count, dayAndTime, figure, unitOf } from '../../core/format';
import { language, nameOf, say, t } from '../../core/i18n';
import { box } from '../../core/ui/box';
import { shared } from '../../core/ui/element';
import { Panel } from '../../core/ui/panel';
import type { BlockProfile, MeasureValue, Target } from '../api';
import { server } from '../server';
import { follow, go, grid, linkTo, registerOfLayer } from '../state';
import { percent } from '../words';
import { look } from './look';

interface Shown { profile: BlockProfile; targets: Target[] }

export class ProfilePart extends Panel<Shown> {
  static override styles = [shared, box, look, css`
    :host { display: block; }
    .all { display: grid; gap: 1rem; }
    .moment { display: flex; flex-wrap: wrap; gap: 0.6rem; align-items: center; padding: 0.2rem 0 0.3rem; }
    .moment label { min-width: 13rem; }
    details.when summary { cursor: pointer; color: var(--accent-ink); font-size: 0.88rem; min-height: 1.8rem; display: inline-flex; align-items: center; }
    .pillars { display: grid; grid-template-columns: repeat(auto-fit, minmax(13.5rem, 1fr)); gap: 0.9rem; }
    .pillar h3 { display: flex; gap: 0.5rem; align-items: center; margin-bottom: 0.3rem; }
    .measure { padding: 0.5rem 0; border-top: 1px solid var(--line-1); }
    .measure .name { color: var(--ink-2); font-size: 0.86rem; }
    .measure b { font-size: 1.5rem; font-weight: 650; font-variant-numeric: tabular-nums; line-height: 1.25; }
    .measure b small { font-size: 0.86rem; font-weight: 500; margin-left: 0.15rem; }
    .measure .aside { display: flex; flex-wrap: wrap; gap: 0.2rem 0.7rem; font-size: 0.82rem; color: var(--ink-2); }
    .up { color: var(--warm); } .down { color: var(--good); }
    .two { display: grid; grid-template-columns: repeat(auto-fit, minmax(20rem, 1fr)); gap: 1rem; align-items: start; }
    .kpis { display: grid; grid-template-columns: repeat(auto-fill, minmax(8.6rem, 1fr)); gap: 0.5rem 1rem; }
    .kpis span { display: block; color: var(--ink-2); font-size: 0.82rem; } .kpis b { font-size: 1.08rem; font-variant-numeric: tabular-nums; }
    .register + .register { margin-top: 0.8rem; padding-top: 0.7rem; border-top: 1px solid var(--line-1); }
    .register h4 { margin: 0 0 0.35rem; font-size: 0.92rem; }
    .types { display: grid; gap: 0.4rem; } .types li { display: grid; grid-template-columns: minmax(0, 9rem) 1fr 3rem; gap: 0.6rem; align-items: center; font-size: 0.88rem; }
    .types span:last-child { text-align: right; }
    svg { width: 100%; height: 4.2rem; display: block; } svg rect { fill: var(--accent); }
    .target { padding: 0.45rem 0; } .target .bar { margin-top: 0.3rem; }
    .tools { display: flex; justify-content: space-between; align-items: start; gap: 1rem; } .moment .print { margin-left: auto; }
    .print-line { display: none; }
    @media print { .moment, .tools { display: none; } .print-line { display: block; } .card { break-inside: avoid; } }
    @media (max-width: 760px) { .pillars { grid-template-columns: repeat(2, minmax(0, 1fr)); gap: 0.6rem; } .pillars .card { padding: 0.7rem 0.75rem; } .two { grid-template-columns: minmax(0, 1fr); gap: 0.7rem; } .all { gap: 0.7rem; }
      .measure b { font-size: 1.25rem; } .moment label { flex: 1; } details.when summary { min-height: 2.75rem; } }
  `];
  override watched = [grid];

  protected override key(): string {
    const { code, asOf, generation } = grid.state;
    return code === '' ? '' : `${code} ${asOf} ${generation} ${language.state.code}`;
  }

  protected override async fetch(): Promise<Shown> {
    const { code, asOf } = grid.state;
    const [profile, targets] = await Promise.all([server.profile(code, asOf), server.targets(code, asOf)]);
    return { profile, targets };
  }

  override render(): TemplateResult {
    return html`<div class="all">${this.#moment()}${super.render()}</div>`;
  }

  protected override view({ profile, targets }: Shown): TemplateResult {
    if (profile.code !== grid.state.code) return html`<p class="card none" role="status">${t('waiting')}</p>`;
    const isHidden = profile.pillars.some(({ measures }) => measures.some(({ shown }) => shown !== null));
    return html`<div class="all" data-block=${profile.code}>
      <p class="note print-line">${t('grid.printed', { code: profile.code, time: dayAndTime(profile.as_of) })}
        ${grid.state.session?.synthetic ? html` · ${t('synthetic')}` : nothing}</p>
      ${profile.limited_to === null ? nothing : html`<p class="warned">${t('grid.limited', { codes: profile.limited_to.join('、') })}</p>`}
      <section class="pillars" aria-label=${t('grid.pillars')} style="padding:0;border:0">${profile.pillars.map(({ code, title, is_base: isBase, note, measures }) => html`
        <div class="card pad pillar" data-pillar=${code}><h3>${say(title)}${isBase ? html`<span class="chip">${t('grid.base')}</span>` : nothing}</h3>
          ${measures.map((measure) => measureView(measure))}
          ${measures.length === 0 ? html`<p class="note">${t('grid.no_measures')}</p>` : nothing}${note ? html`<p class="note">${say(note)}</p>` : nothing}</div>`)}</section>
      ${isHidden ? html`<p class="note" data-note="withheld">${t('grid.withheld')}</p>` : nothing}
      <div class="two"><div class="all">${this.#registers(profile)}${targets.length === 0 ? nothing : targetsView(targets)}</div>
        <div class="all">${this.#incidents(profile)}${this.#children(profile)}</div></div></div>`;
  }

  #moment(): TemplateResult {
    const { asOf } = grid.state;
    const field = html`<label>${t('grid.as_of')}<input type="datetime-local" .value=${localInput(asOf)} @change=${(event: Event) => {
      const moment = new Date((event.target as HTMLInputElement).value);
      go({ asOf: Number.isNaN(moment.getTime()) ? '' : moment.toISOString().replace('.000', '') });
    }} /></label>`;
    const print = html`<button class="button print" @click=${() => { window.print(); }}>${t('grid.print')}</button>`;
    return asOf === '' ? html`<div class="tools"><details class="when"><summary>${t('grid.as_of_now')}</summary><div class="moment">${field}<span class="note">${t('grid.as_of_hint')}</span></div></details>${print}</div>`
      : html`<div class="moment">${field}<span class="chip warn">${t('grid.then', { time: dayAndTime(asOf) })}</span>
        <button class="button" @click=${() => { go({ asOf: '' }); }}>${t('grid.now')}</button>${print}</div>`;
  }

  #registers({ registers, business, withheld }: BlockProfile): TemplateResult {
    const layers = grid.state.collections.filter(({ id }) => registers[id] !== undefined && id !== 'incidents');
    return html`<div class="card pad"><h3>${t('grid.registers')}</h3>${layers.map(({ id, blocktwin }) => {
      const view = { part: 'registers', register: registerOfLayer(id)?.name ?? '', entry: null, q: '', filter: '', sort: '' } as const;
      return html`<div class="register"><h4>${view.register === '' ? say(blocktwin.title) : html`<a href=${linkTo(view)} @click=${follow(view)}>${say(blocktwin.title)}</a>`}</h4>
        <div class="kpis">${blocktwin.kpis.map(({ name, title, unit }) => {
          const { value, scale } = figure(registers[id]?.[name]);
          const why = withheld?.[`${id}.${name}`];
          return html`<div><span>${say(title)}</span>${why ? html`<b title=${say(why)}>—</b><span data-why>${say(why)}</span>` : html`<b>${value}${scale}</b> ${unitOf(unit)}`}</div>`;
        })}</div></div>`;
    })}${business.length === 0 ? nothing : html`<div class="register"><h4>${t('grid.business')}</h4><div class="kpis">
      ${business.map(({ title, count: number }) => html`<div><span>${say(title)}</span><b>${count(number)}</b></div>`)}</div></div>`}</div>`;
  }

  #incidents({ incidents }: BlockProfile): TemplateResult {
    if (!incidents) return html``;
    const days = incidents.by_day;
    const most = Math.max(1, ...days.map((day) => day.count));
    const types = incidents.by_type.slice(0, 6);
    const top = Math.max(1, ...types.map((one) => one.count));
    return html`<div class="card pad"><h3>${t('grid.incidents')}</h3>
      <div class="kpis"><div><span>${t('figures.open')}</span><b>${count(incidents.open)}</b></div><div><span>${t('figures.today')}</span><b>${count(incidents.today)}</b></div>
        <div><span>${t('grid.total')}</span><b>${count(incidents.total)}</b></div></div>
      ${days.length === 0 ? nothing : html`<p class="note" style="margin:0.7rem 0 0.2rem">${t('grid.days', { count: days.length })} · ${t('trend.peak', { count: most })}</p>
        <svg viewBox="0 0 ${days.length * 10} 40" preserveAspectRatio="none" role="img" aria-label=${t('trend.title')}>${days.map(({ count: number }, index) => bar(index, number / most))}</svg>`}
      ${types.length === 0 ? nothing : html`<h3 style="margin-top:0.8rem">${t('types.title')}</h3><ul class="types">${types.map(({ name, count: number }) => html`
        <li><span>${say(name)}</span><span class="bar"><i style="width:${(100 * number) / top}%"></i></span><span class="number">${count(number)}</span></li>`)}</ul>`}</div>`;
  }

  #children({ children }: BlockProfile): TemplateResult {
    if (children.length === 0) return html`<div class="card pad"><h3>${t('grid.below')}</h3><p class="note">${t('children.none')}</p></div>`;
    return html`<div class="card pad"><h3>${t('grid.below')}</h3><table><thead><tr><th>${t('list.name')}</th><th class="number">${t('list.buildings')}</th>
        <th class="number">${t('figures.open')}</th></tr></thead>
      <tbody>${children.map((one) => html`<tr><td><a href=${linkTo({ code: one.code })} @click=${follow({ code: one.code })}>${nameOf(one)}</a></td>
        <td class="number">${one.buildings === null ? '–' : count(one.buildings)}</td><td class="number">${one.incidents_open === null ? '–' : count(one.incidents_open)}</td></tr>`)}</tbody></table></div>`;
  }
}

function measureView(measure: MeasureValue): TemplateResult {
  const { value, scale } = figure(measure.value);
  const { rank, trend } = measure;
  const change = trend?.change;
  return html`<div class="measure" data-measure=${measure.code}><span class="name">${say(measure.title)}</span>
    <div><b>${measure.value === null ? measure.shown ?? '–' : html`${value}<small>${scale}${unitOf(measure.unit)}</small>`}</b></div>
    <div class="aside">${change === null || change === undefined ? nothing : html`<span class=${change > 0 ? 'up' : change < 0 ? 'down' : ''} data-trend=${change}>
        ${change > 0 ? '▲' : change < 0 ? '▼' : '＝'} ${t('grid.change', { change: count(Math.abs(change)), days: trend?.days ?? 30 })}</span>`}
      ${rank === null ? nothing : html`<span>${t('grid.rank', { place: rank.place, of: rank.of })}</span>`}
      ${measure.value === null ? html`<span data-why>${say(measure.withheld) || (measure.shown?.startsWith('<') ? t('grid.small', { k: measure.k ?? 0 }) : t('grid.hidden'))}</span>`
        : measure.no_trend ? html`<span class="why" data-no-trend title=${say(measure.no_trend)}>${t('grid.no_trend')}</span>` : nothing}</div></div>`;
}

function targetsView(targets: Target[]): TemplateResult {
  return html`<div class="card pad"><h3>${t('grid.targets')}</h3>${targets.map(({ title, unit, goal, done, ratio, due_date: due }) => html`<div class="target">
    <div class="spread"><span>${say(title)}</span><b class="number">${percent(ratio)}</b></div>
    <div class="bar"><i style="width:${Math.min(100, 100 * ratio)}%"></i></div>
    <p class="note">${t('grid.done_of', { done: short(done), goal: short(goal), unit: unitOf(unit) })}${due === null ? '' : ` · ${t('grid.due', { day: due })}`}</p></div>`)}</div>`;
}

function short(number: number): string {
  const { value, scale } = figure(number);
  return value + scale;
}

function bar(index: number, share: number): TemplateResult<2> {
  const height = Math.max(0.6, share * 38);
  return svg`<rect x=${index * 10 + 1} y=${40 - height} width="8" height=${height} />`;
}

/** A date for the field, in the reader's own time. */
function localInput(instant: string): string {
  const moment = new Date(instant);
  if (Number.isNaN(moment.getTime())) return '';
  return new Date(moment.getTime() - moment.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}

customElements.define('grid-profile', ProfilePart);
