// SPDX-License-Identifier: Apache-2.0
import { css } from 'lit';

/** For the page that holds the overlay. */
export const overlayStyle = css`
  .overlay { position: absolute; inset: 0; overflow: hidden; pointer-events: none; }
  .block-label {
    position: absolute; left: 0; top: 0; display: flex; flex-direction: column; align-items: center; padding: 0.1rem 0.3rem;
    border: 0; background: none; cursor: pointer; pointer-events: auto; white-space: nowrap; font: inherit;
    font-size: 0.95rem; font-weight: 600; line-height: 1.2; color: var(--ink); letter-spacing: 0.03em;
    text-shadow: 0 0 0.3rem var(--label-halo), 0 0 0.3rem var(--label-halo), 0 0 0.12rem var(--label-halo), 0 0 0.12rem var(--label-halo);
  }
  .block-label small { font-size: 0.72rem; font-weight: 600; color: var(--warm); font-variant-numeric: tabular-nums; line-height: 1;
    background: color-mix(in srgb, var(--label-halo) 82%, transparent); border-radius: 1rem; padding: 0.16rem 0.42rem; margin-top: 0.12rem; text-shadow: none; }
  .block-label:hover { color: var(--accent-ink); }
  .block-label.away, .pulse.away { visibility: hidden; }
  .pin { position: absolute; left: 0; top: 0; }
  .pin.away { visibility: hidden; }
  .pin::before { content: ''; position: absolute; width: 0.85rem; height: 0.85rem; left: -0.425rem; top: -0.425rem; border-radius: 50%;
    background: var(--accent); border: 0.17rem solid #fff; box-shadow: 0 0.1rem 0.5rem rgb(0 0 0 / 45%); }
  .pin::after { content: ''; position: absolute; left: -0.06rem; bottom: 0.3rem; width: 0.12rem; height: 1.5rem; background: var(--accent);
    transform-origin: 50% calc(100% + 0.3rem); transform: rotate(var(--heading)); }
  .pin span { position: absolute; left: 0.9rem; top: -0.75rem; white-space: nowrap; font-size: 0.82rem; font-weight: 600; color: var(--ink);
    background: color-mix(in srgb, var(--label-halo) 85%, transparent); padding: 0.05rem 0.4rem; border-radius: 0.3rem; }
  .pulse { position: absolute; left: 0; top: 0; }
  .pulse::before, .pulse::after {
    content: ''; position: absolute; left: -1.6rem; top: -1.6rem; width: 3.2rem; height: 3.2rem; border-radius: 50%;
    border: 0.14rem solid var(--pulse); animation: pulse 2s ease-out 3 both;
  }
  .pulse::after { animation-delay: 0.6s; }
  @keyframes pulse { from { transform: scale(0.15); opacity: 0.95; } to { transform: scale(1); opacity: 0; } }
  @media (prefers-reduced-motion: reduce) { .pulse::before, .pulse::after { animation: none; transform: scale(0.45); } }
`;
