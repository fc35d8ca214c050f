// SPDX-License-Identifier: Apache-2.0
/** What waits in the block: one's own proposals, hazards that are not done, and rounds of collection with who still owes. */
import { css, html, nothing, type TemplateResult } from 'lit';
import { count } from '../../core/format';
import { language, t } from '../../core/i18n';
import { box } from '../../core/ui/box';
import { shared, TwinElement } from '../../core/ui/element';
import { Panel } from '../../core/ui/panel';
import type { Owed, Survey } from '../api';
import { server } from '../server';
import { follow, grid, linkTo, mayPropose } from '../state';
import { percent } from '../words';
import './hazards';
import { look } from './look';
import './own-proposals';

const SHOWN = 30;

export class MinePart extends TwinElement {
  static override styles = [shared, box, look, css`:host { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 22rem), 1fr)); gap: 1rem; align-items: start; }`];
  override watched = [grid];

  override render(): TemplateResult {
    return html`<grid-hazards class="card pad" .block=${grid.state.code}></grid-hazards><grid-surveys class="card pad"></grid-surveys>
      ${mayPropose(grid.state) ? html`<grid-proposals class="card pad"></grid-proposals>` : nothing}`;
  }
}

interface Rounds { surveys: Survey[]; owed: Map<number, Owed>; block: string }

export class SurveysPart extends Panel<Rounds> {
  static override styles = [shared, box, look, css`
    :host { display: block; }
    .round { padding: 0.5rem 0 0.8rem; border-bottom: 1px solid var(--line-1); } .round:last-child { border: 0; } .bar { margin: 0.3rem 0; }
    summary { cursor: pointer; color: var(--accent-ink); font-size: 0.9rem; min-height: 2.2rem; display: flex; align-items: center; }
    li { padding: 0.35rem 0; font-size: 0.9rem; display: flex; justify-content: space-between; gap: 0.8rem; } li a { overflow-wrap: anywhere; }
    @media (max-width: 760px) { summary, li { min-height: 2.75rem; align-items: center; } }
  `];
  override watched = [grid];

  protected override key(): string {
    return `${grid.state.code} ${grid.state.generation} ${language.state.code}`;
  }

  protected override async fetch(): Promise<Rounds> {
    const block = grid.state.code;
    const level = (grid.state.block?.level ?? 1) + 1;
    const surveys = await server.surveys();
    const owed = await Promise.all(surveys.map(async ({ id }) => [id, await server.owed(id, block, level)] as const));
    return { surveys, owed: new Map(owed), block };
  }

  protected override view({ surveys, owed, block }: Rounds): TemplateResult {
    if (block !== grid.state.code) return html`<p class="note" role="status">${t('waiting')}</p>`;
    return html`<h3>${t('grid.surveys')}</h3>${surveys.length === 0 ? html`<p class="note">${t('grid.surveys_none')}</p>`
      : surveys.map((one) => this.#round(one, owed.get(one.id)))}`;
  }

  #round(survey: Survey, owed: Owed | undefined): TemplateResult {
    const blocks = owed?.blocks ?? [];
    const [total, incomplete] = [blocks.reduce((sum, one) => sum + one.objects_total, 0), blocks.reduce((sum, one) => sum + one.incomplete, 0)];
    const share = total === 0 ? null : 1 - incomplete / total;
    const title = language.state.code === 'en' && survey.title_en ? survey.title_en : survey.title;
    return html`<div class="round" data-survey=${survey.id}><div class="spread"><b>${title}</b>${owed?.is_overdue ? html`<span class="chip bad">${t('grid.overdue')}</span>` : nothing}</div>
      ${total === 0 ? html`<p class="note">${t('grid.owed_none')}</p>` : html`<div class="bar"><i style="width:${100 * (share ?? 0)}%"></i></div>
        <p class="note">${t('grid.owed', { complete: count(total - incomplete), total: count(total), share: percent(share) })} · ${t('grid.due', { day: survey.due })}
          ${survey.organisation ? ` · ${t('grid.owes', { who: survey.organisation })}` : ''}</p>
        ${blocks.length > 1 ? html`<details><summary>${t('grid.owed_blocks')}</summary><ul>${blocks.map((one) => html`<li><a href=${linkTo({ code: one.block_code })} @click=${follow({ code: one.block_code })}>${one.name ?? one.block_code}</a>
          <span class="note">${t('grid.owed_short', { incomplete: one.incomplete, total: one.objects_total })} · ${percent(one.completeness)}</span></li>`)}</ul></details>` : nothing}
        ${owed === undefined || owed.objects.length === 0 ? nothing : html`<details><summary>${t('grid.owed_objects', { count: count(incomplete) })}</summary><ul>${owed.objects.slice(0, SHOWN).map((one) => {
          const view = { part: 'registers', register: survey.register, entry: one.id, survey: survey.id, q: '', filter: '', sort: '' } as const;
          return html`<li><a href=${linkTo(view)} @click=${follow(view)}>${one.name ?? one.code ?? `#${one.id}`}</a><span class="note">${t('grid.missing', { missing: one.missing, required: one.required })}</span></li>`;
        })}</ul>${owed.objects.length > SHOWN ? html`<p class="note">${t('grid.first', { count: SHOWN })}</p>` : nothing}</details>`}`}</div>`;
  }
}

customElements.define('grid-surveys', SurveysPart);
customElements.define('grid-mine', MinePart);
