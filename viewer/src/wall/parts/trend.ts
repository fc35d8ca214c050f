// SPDX-License-Identifier: Apache-2.0
/** Incidents by day, as bars. */
import { css, html, svg, type TemplateResult } from 'lit';
import { count } from '../../core/format';
import { t } from '../../core/i18n';
import { shared, TwinElement } from '../../core/ui/element';
import { wall } from '../state';
import { panel } from './panel';

const DAYS = 30;
const [WIDTH, HEIGHT] = [300, 76];

export class Trend extends TwinElement {
  static override styles = [shared, panel, css`
    svg { width: 100%; height: 4.9rem; display: block; overflow: visible; }
    rect { fill: color-mix(in srgb, var(--accent) 55%, transparent); }
    rect.last { fill: var(--warm); }
    p { display: flex; justify-content: space-between; font-size: 0.72rem; color: var(--ink-2); margin-top: 0.35rem; }
  `];
  override watched = [wall];

  override render(): TemplateResult {
    const days = (wall.state.profile?.incidents?.by_day ?? []).slice(-DAYS);
    const most = Math.max(1, ...days.map(({ count: value }) => value));
    const step = WIDTH / Math.max(1, days.length);
    return html`<section><h2>${t('trend.title')}<span class="number">${days.length > 0 ? t('trend.peak', { count: count(most) }) : ''}</span></h2>
      ${days.length === 0 ? html`<p class="empty">${wall.state.profile ? t('types.none') : t('waiting')}</p>` : html`
        <svg viewBox="0 0 ${WIDTH} ${HEIGHT}" preserveAspectRatio="none" role="img" aria-label=${t('trend.title')}>
          ${days.map(({ day, count: value }, index) => {
            const tall = Math.max(1.5, (value / most) * HEIGHT);
            return svg`<rect class=${index === days.length - 1 ? 'last' : ''} x=${index * step + step * 0.14} y=${HEIGHT - tall}
              width=${step * 0.72} height=${tall} rx="1"><title>${day}: ${count(value)}</title></rect>`;
          })}
        </svg>
        <p class="number"><span>${short(days[0]?.day)}</span><span>${short(days.at(-1)?.day)}</span></p>`}
    </section>`;
  }
}

const short = (day: string | undefined): string => day?.slice(5) ?? '';

customElements.define('wall-trend', Trend);
