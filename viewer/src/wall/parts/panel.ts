// SPDX-License-Identifier: Apache-2.0
import { css } from 'lit';

/** The look of every panel on the wall. */
export const panel = css`
  section { background: var(--panel); border: 1px solid var(--line); border-radius: var(--radius); padding: 0.85rem 1rem 0.95rem;
    display: flex; flex-direction: column; min-height: 0; }
  section > h2 { font-size: 0.86rem; color: var(--ink-2); font-weight: 500; letter-spacing: 0.06em; margin-bottom: 0.65rem;
    display: flex; justify-content: space-between; gap: 0.6rem; }
  section > h2 span { font-weight: 400; letter-spacing: 0; }
  @media (max-width: 760px) { section { max-height: 26rem; } }
  .empty { color: var(--ink-2); font-size: 0.85rem; padding: 0.3rem 0; }
  .failed { color: var(--bad); }
`;
