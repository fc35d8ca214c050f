// SPDX-License-Identifier: Apache-2.0
import { css } from 'lit';

/** The look of tables and forms on the steward's desk. A table becomes a list of cards where it has no room. */
export const desk = css`
  h2 { font-size: 1.12rem; }
  h3 { font-size: 0.98rem; margin: 1.3rem 0 0.5rem; }
  a { color: var(--accent-ink); text-underline-offset: 0.15em; }
  code { font-family: ui-monospace, 'Cascadia Mono', Consolas, monospace; font-size: 0.92em; overflow-wrap: anywhere; }
  input, select { color: var(--ink); }
  select { font: inherit; font-size: 0.92rem; border: 1px solid var(--line-2); border-radius: 0.45rem; padding: 0.42rem 0.55rem;
    background: var(--panel-solid); min-width: 0; width: 100%; }
  .card { background: var(--panel-solid); border: 1px solid var(--line); border-radius: var(--radius); }
  .headline { display: flex; flex-wrap: wrap; gap: 0.5rem 0.9rem; align-items: center; justify-content: space-between; margin-bottom: 0.8rem; }
  .lead { color: var(--ink-2); font-size: 0.9rem; max-width: 46rem; margin-bottom: 0.9rem; }
  .tools { display: flex; flex-wrap: wrap; gap: 0.6rem; align-items: end; }
  .tools label { min-width: 9rem; }
  .none { padding: 2.2rem 1rem; text-align: center; color: var(--ink-2); }
  .none strong { display: block; color: var(--ink); font-weight: 600; margin-bottom: 0.25rem; }
  .more { display: flex; justify-content: center; padding: 0.8rem; }
  .chip.warn { color: var(--warm); background: color-mix(in srgb, var(--warm) 12%, transparent); }
  table { width: 100%; border-collapse: collapse; font-size: 0.9rem; }
  th { text-align: left; font-weight: 500; font-size: 0.8rem; color: var(--ink-2); white-space: nowrap; }
  th, td { padding: 0.55rem 0.75rem; border-bottom: 1px solid var(--line-1); vertical-align: top; }
  tbody tr:last-child td { border-bottom: 0; }
  tbody tr:hover { background: var(--raised); }
  td.number, th.number { text-align: right; white-space: nowrap; }
  td.wide { overflow-wrap: anywhere; }
  td.fixed { white-space: nowrap; }
  .struck { color: var(--ink-2); } .struck .button { color: var(--ink); }
  dialog { border: 1px solid var(--line-2); border-radius: var(--radius); padding: 1.2rem; width: min(30rem, calc(100vw - 2rem)); color: var(--ink);
    background: var(--panel-solid); box-shadow: var(--shadow); }
  dialog::backdrop { background: rgb(21 32 51 / 45%); }
  dialog .row { display: flex; gap: 0.6rem; justify-content: flex-end; margin-top: 1.1rem; flex-wrap: wrap; }
  .button.danger { background: var(--bad); border-color: var(--bad); color: #fff; font-weight: 600; }
  .button.danger:hover:not(:disabled) { background: color-mix(in srgb, var(--bad) 85%, black); }
  .button.small { min-height: 1.95rem; padding: 0 0.7rem; font-size: 0.84rem; white-space: nowrap; }
  a.button { text-decoration: none; color: inherit; }
  progress { width: 100%; height: 0.4rem; appearance: none; border: 0; border-radius: 0.3rem; overflow: hidden; display: block; }
  progress::-webkit-progress-bar { background: var(--track); } progress::-webkit-progress-value { background: var(--accent); transition: width 0.3s; }
  @media (max-width: 760px) {
    thead { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
    table, tbody { display: block; }
    tr { display: block; padding: 0.6rem 0.85rem; border-bottom: 1px solid var(--line); }
    tbody tr:last-child { border-bottom: 0; }
    td, td.number { display: grid; grid-template-columns: 6.2rem minmax(0, 1fr); gap: 0.5rem; padding: 0.16rem 0; border: 0; text-align: left; white-space: normal; }
    td::before { content: attr(data-label); color: var(--ink-2); font-size: 0.82rem; }
    td.whole { display: block; padding-top: 0.4rem; } td.whole::before { content: none; }
    td.void { display: none; }
    .button { min-height: 2.6rem; } .button.small { min-height: 2.4rem; }
    .tools { width: 100%; } .tools label { flex: 1 1 8rem; }
  }
`;
