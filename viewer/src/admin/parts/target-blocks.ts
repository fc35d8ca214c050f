// SPDX-License-Identifier: Apache-2.0
/** How much each block below has done of every target. */
import { css, html, nothing, type PropertyValues, type TemplateResult } from 'lit';
import type { Block } from '../../core/api';
import { figure, unitOf, valueText } from '../../core/format';
import { nameOf, say, t } from '../../core/i18n';
import { box } from '../../core/ui/box';
import { shared } from '../../core/ui/element';
import type { Target } from '../api';
import { server } from '../server';
import { desk } from './desk';
import { Panel } from '../../core/ui/panel';

type Children = Block['children'];
const AT_ONCE = 4;
const LEAST_SHARE = 0.0001;

export class TargetBlocks extends Panel<Map<string, Target[]>> {
  static override properties = { blocks: { attribute: false }, targets: { attribute: false } };
  static override styles = [shared, box, desk, css`
    .card { overflow-x: auto; }
    td.bar { min-width: 9rem; } td.bar > span { display: grid; gap: 0.2rem; }
    .figures { display: flex; justify-content: space-between; gap: 0.6rem; font-variant-numeric: tabular-nums; white-space: nowrap; } .figures small { color: var(--ink-2); }
    .link { text-align: left; }
    @media (max-width: 760px) { td.bar { min-width: 0; } td.name::before { content: none; } td.name { display: block; font-weight: 600; } }
  `];

  declare blocks: Children;
  declare targets: Target[];

  constructor() {
    super();
    this.blocks = [];
    this.targets = [];
  }

  protected override async fetch(): Promise<Map<string, Target[]>> {
    const found = new Map<string, Target[]>();
    const waiting = this.blocks.map(({ code }) => code);
    const ask = async (): Promise<void> => {
      for (let code = waiting.shift(); code !== undefined; code = waiting.shift()) found.set(code, (await server.targets(code)).targets);
    };
    await Promise.all(Array.from({ length: AT_ONCE }, ask));
    return found;
  }

  protected override updated(before: PropertyValues<this>): void {
    const known = before.get('targets');
    if (known !== undefined && known !== this.targets && this.data !== null) void this.reload();
  }

  protected override view(found: Map<string, Target[]>): TemplateResult {
    const doneIn = (block: string, code: string): number => found.get(block)?.find((one) => one.code === code)?.done ?? 0;
    const most = new Map(this.targets.map(({ code }) => [code, Math.max(...this.blocks.map((block) => doneIn(block.code, code)))]));
    return html`<div class="card"><table><thead><tr><th>${t('admin.target.block')}</th>${this.targets.map(({ title, unit }) => html`<th>${say(title)}${unit ? ` (${unitOf(unit)})` : ''}</th>`)}</tr></thead>
      <tbody>${this.blocks.map((block) => html`<tr><td class="name" data-label=${t('admin.target.block')}>
          <button class="link" @click=${() => { this.dispatchEvent(new CustomEvent('look', { detail: block.code })); }}>${nameOf(block)}</button></td>
        ${this.targets.map(({ code, title, goal }) => {
          const done = doneIn(block.code, code);
          return html`<td class="bar" data-label=${say(title)}><span><span class="figures"><span>${large(done)}</span>${done === 0 ? nothing : html`<small>${share(done / goal)}</small>`}</span>
            <progress max=${Math.max(most.get(code) ?? 0, Number.MIN_VALUE)} .value=${done} aria-label=${`${nameOf(block)} · ${say(title)}`}></progress></span></td>`;
        })}</tr>`)}</tbody></table></div>`;
  }
}

/** A share of the goal in percent; a little is not nothing. */
export function share(ratio: number): string {
  if (ratio > 0 && ratio < LEAST_SHARE) return '< 0.01 %';
  return `${valueText(Math.round(ratio * 10_000) / 100)} %`;
}

export function large(value: number): string {
  const { value: text, scale } = figure(value);
  return `${text}${scale}`;
}

customElements.define('admin-target-blocks', TargetBlocks);
