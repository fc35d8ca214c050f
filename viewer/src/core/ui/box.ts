// SPDX-License-Identifier: Apache-2.0
import { css } from 'lit';

/** The look of forms and sections on the desks. */
export const box = css`
  section { padding: 1rem 1.1rem 1.1rem; border-bottom: 1px solid var(--line); }
  section > h2, .head { font-size: 0.98rem; margin-bottom: 0.7rem; display: flex; justify-content: space-between; align-items: baseline; gap: 0.6rem; }
  .button { display: inline-flex; align-items: center; justify-content: center; min-height: 2.25rem; padding: 0 0.95rem; border-radius: 0.5rem;
    border: 1px solid var(--line-2); background: var(--panel-solid); font-size: 0.9rem; }
  .button:hover:not(:disabled) { background: var(--hover); }
  .button.main { background: var(--accent); border-color: var(--accent); color: #fff; font-weight: 600; }
  .button.main:hover:not(:disabled) { background: var(--accent-ink); }
  .button[aria-pressed='true'] { border-color: var(--accent); color: var(--accent-ink); background: var(--hover); }
  .link { color: var(--accent-ink); font-size: 0.88rem; text-decoration: underline; text-underline-offset: 0.15em; min-height: 1.6rem; }
  label { font-size: 0.8rem; color: var(--ink-2); display: grid; gap: 0.2rem; }
  input { border: 1px solid var(--line-2); border-radius: 0.45rem; padding: 0.42rem 0.55rem; font-size: 0.92rem; background: var(--panel-solid);
    width: 100%; min-width: 0; font-variant-numeric: tabular-nums; }
  .empty { color: var(--ink-2); font-size: 0.88rem; }
  .failed { color: var(--bad); font-size: 0.88rem; }
  .chip { font-size: 0.76rem; line-height: 1; padding: 0.3rem 0.5rem; border-radius: 1rem; background: var(--track); color: var(--ink-2); white-space: nowrap; }
  .chip.good { color: var(--good); background: color-mix(in srgb, var(--good) 12%, transparent); }
  .chip.bad { color: var(--bad); background: color-mix(in srgb, var(--bad) 11%, transparent); }
`;
