// SPDX-License-Identifier: Apache-2.0
/** A load report as people read it: what came in, what did not, where, and what to do. */
import { css, html, nothing, type TemplateResult } from 'lit';
import type { Georeference, Report } from '../api';
import { count } from '../format';
import { say, t, type Key } from '../i18n';

const FIGURES: readonly (readonly ['read' | 'kept' | 'repaired' | 'rejected' | 'outside', Key])[] = [
  ['read', 'report.read'], ['kept', 'report.kept'], ['repaired', 'report.repaired'], ['rejected', 'report.rejected'], ['outside', 'report.outside'],
];
const SHOWN_PROBLEMS = 50;

export const reportStyle = css`
  .figures { display: flex; flex-wrap: wrap; gap: 0.3rem 1rem; font-size: 0.84rem; color: var(--ink-2); margin: 0.4rem 0; }
  .figures b { color: var(--ink); font-variant-numeric: tabular-nums; font-weight: 600; margin-left: 0.25rem; }
  .figures .warn b { color: var(--bad); }
  .problems { display: grid; gap: 0.5rem; margin-top: 0.5rem; }
  .problems li { border-left: 0.2rem solid var(--bad); background: var(--raised); padding: 0.5rem 0.7rem; border-radius: 0 0.4rem 0.4rem 0; font-size: 0.86rem; overflow-wrap: anywhere; }
  .problems small { color: var(--ink-2); display: block; font-size: 0.76rem; }
  .problems em { font-style: normal; color: var(--good); display: block; margin-top: 0.15rem; }
`;

export function reportView(report: Report): TemplateResult {
  const problems = report.problems ?? [];
  const figures = FIGURES.filter(([name]) => report[name] !== undefined && (report[name] !== 0 || name === 'read' || name === 'kept'));
  return html`
    ${figures.length > 0 ? html`<p class="figures">${figures.map(([name, key]) =>
      html`<span class=${name === 'rejected' ? 'warn' : ''}>${t(key)}<b>${count(report[name])}</b></span>`)}</p>` : nothing}
    ${problems.length === 0 ? nothing : html`<ul class="problems">${problems.slice(0, SHOWN_PROBLEMS).map(({ where, what, fix, what_i18n, fix_i18n }) =>
      html`<li><small>${where}</small>${say(what_i18n ?? what)}<em>${say(fix_i18n ?? fix)}</em></li>`)}</ul>
      ${problems.length > SHOWN_PROBLEMS ? html`<p class="empty">${t('report.more', { count: problems.length - SHOWN_PROBLEMS })}</p>` : nothing}`}`;
}

export function placeLine(georeference: Georeference | null | undefined): string {
  if (!georeference) return '';
  const accuracy = georeference.accuracy_m;
  return [say(georeference.reason) || georeference.source, georeference.crs,
    accuracy === null || accuracy === undefined ? '' : `± ${accuracy} m`].filter((one) => one !== undefined && one !== '').join(' · ');
}
