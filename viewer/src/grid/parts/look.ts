// SPDX-License-Identifier: Apache-2.0
import { css } from 'lit';

/** The look of the grid manager's page. What a thumb touches is at least 2.75rem high on a phone. */
export const look = css`
  h2 { font-size: 1.2rem; line-height: 1.35; overflow-wrap: anywhere; }
  h3 { font-size: 1rem; margin-bottom: 0.6rem; }
  a { color: var(--accent-ink); text-underline-offset: 0.15em; }
  code { font-family: ui-monospace, 'Cascadia Mono', Consolas, monospace; font-size: 0.92em; overflow-wrap: anywhere; }
  input, select, textarea { color: var(--ink); }
  select, textarea { font: inherit; font-size: 0.92rem; border: 1px solid var(--line-2); border-radius: 0.45rem; padding: 0.42rem 0.55rem;
    background: var(--panel-solid); min-width: 0; width: 100%; }
  textarea { min-height: 4.2rem; resize: vertical; }
  .card { background: var(--panel-solid); border: 1px solid var(--line); border-radius: var(--radius); }
  .pad { padding: 1rem 1.1rem; }
  .none { padding: 1.8rem 1rem; text-align: center; color: var(--ink-2); }
  .none strong { display: block; color: var(--ink); font-weight: 600; margin-bottom: 0.25rem; }
  .row { display: flex; flex-wrap: wrap; gap: 0.5rem; align-items: center; }
  .spread { display: flex; flex-wrap: wrap; gap: 0.5rem 0.9rem; align-items: baseline; justify-content: space-between; }
  .note { font-size: 0.86rem; color: var(--ink-2); }
  .warned { font-size: 0.88rem; color: var(--warm); background: color-mix(in srgb, var(--warm) 9%, transparent); border-radius: 0.45rem; padding: 0.5rem 0.75rem; }
  .done { font-size: 0.9rem; color: var(--good); background: color-mix(in srgb, var(--good) 9%, transparent); border-radius: 0.45rem; padding: 0.55rem 0.75rem; }
  .chip.warn { color: var(--warm); background: color-mix(in srgb, var(--warm) 12%, transparent); }
  a.button { text-decoration: none; color: inherit; }
  .button.small { min-height: 1.95rem; padding: 0 0.7rem; font-size: 0.84rem; }
  .bar { height: 0.45rem; border-radius: 0.3rem; background: var(--track); overflow: hidden; }
  .bar i { display: block; height: 100%; background: var(--accent); border-radius: 0.3rem; }
  table { width: 100%; border-collapse: collapse; font-size: 0.9rem; }
  th { text-align: left; font-weight: 500; font-size: 0.8rem; color: var(--ink-2); white-space: nowrap; }
  th, td { padding: 0.5rem 0.7rem; border-bottom: 1px solid var(--line-1); vertical-align: top; }
  tbody tr:last-child td { border-bottom: 0; }
  td.number, th.number { text-align: right; white-space: nowrap; }
  dl.fields { display: grid; grid-template-columns: minmax(6rem, 34%) minmax(0, 1fr); font-size: 0.92rem; }
  dl.fields dt, dl.fields dd { padding: 0.42rem 0; border-bottom: 1px solid var(--line-1); overflow-wrap: anywhere; }
  dl.fields dt { color: var(--ink-2); padding-right: 0.8rem; }
  .photos { display: flex; flex-wrap: wrap; gap: 0.5rem; }
  .photos img { height: 6.5rem; max-width: 100%; border-radius: 0.4rem; border: 1px solid var(--line); display: block; }
  @media (max-width: 760px) {
    .button, .button.small { min-height: 2.75rem; }
    input, select { min-height: 2.75rem; font-size: 1rem; }
    .pad { padding: 0.85rem 0.9rem; }
  }
`;
