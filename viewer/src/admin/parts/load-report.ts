// SPDX-License-Identifier: Apache-2.0
/** The report of a load or a check: the account of its rows, the reasons, and what else it says. */
import { css, html, nothing, type TemplateResult } from 'lit';
import { count } from '../../core/format';
import { say, t } from '../../core/i18n';
import { reportView } from '../../core/ui/report';
import type { LoadReport } from '../api';

export const loadReportStyle = css`
  .reasons { margin: 0.4rem 0; font-size: 0.86rem; display: grid; gap: 0.2rem; }
  .reasons b { font-variant-numeric: tabular-nums; font-weight: 600; color: var(--bad); }
  .facts { font-size: 0.84rem; color: var(--ink-2); margin: 0.3rem 0; }
  .refused { color: var(--bad); font-size: 0.92rem; margin: 0.3rem 0 0.5rem; overflow-wrap: anywhere; }
`;

export function loadReport(report: LoadReport): TemplateResult {
  const { inserted, updated, unchanged, missing, ended, crs_declared: crs, rejected_reasons: reasons = [], refused, problems = [] } = report;
  const merged = [inserted, updated, unchanged].some((rows) => (rows ?? 0) > 0);
  const facts = [
    merged ? t('report.merged', { inserted: count(inserted), updated: count(updated), unchanged: count(unchanged) }) : '',
    missing ? t('admin.update.missing', { count: count(missing) }) : '',
    ended ? t('admin.update.ended', { count: count(ended) }) : '',
    crs ? t('report.crs', { crs }) : '',
  ].filter((one) => one !== '');
  // What was refused is most often told by a problem as well, with what to do about it.
  const told = problems.some(({ what, what_i18n }) => say(what_i18n ?? what) === say(refused));
  return html`
    ${refused && !told ? html`<p class="refused">${say(refused)}</p>` : nothing}
    ${reportView(report)}
    ${facts.map((one) => html`<p class="facts">${one}</p>`)}
    ${reasons.length === 0 ? nothing : html`<ul class="reasons">${reasons.map(({ field, reason, reason_i18n, rows }) =>
      html`<li><b>${count(rows)}</b> × ${field ? html`<code>${field}</code> ` : nothing}${say(reason_i18n ?? reason)}</li>`)}</ul>`}
    ${!refused && problems.length === 0 && reasons.length === 0 && report.read !== undefined ? html`<p class="facts">${t('report.clean')}</p>` : nothing}`;
}
