// SPDX-License-Identifier: Apache-2.0
/** Shades the blocks one level below the focus by their open incidents; finer ones keep a hairline, coarser ones step back. */
import type { Block, Profile } from '../core/api';
import { textOf } from '../core/format';
import type { Emphasis } from '../core/scene/painted-layer';

const [LEAST, MOST] = [0.05, 0.42];

export function blockEmphasis(block: Block | null, profile: Profile | null): Emphasis {
  const below = (block?.level ?? 0) + 1;
  const open = new Map(profile?.children.map(({ code, incidents_open }) => [code, incidents_open ?? 0]));
  const most = Math.max(1, ...open.values());
  return ({ properties }, declared) => {
    const [code, level] = [textOf(properties, 'code'), Number(properties['level'] ?? below)];
    const inFocus = block !== null && code.startsWith(block.code);
    if (level === below && inFocus) {
      const share = (open.get(code) ?? 0) / most;
      return { fill: declared.fill ?? declared.stroke, stroke: declared.stroke ?? '#7aa7e0', width: 1.4, opacity: LEAST + (MOST - LEAST) * share };
    }
    if (level < below) return { fill: null, stroke: declared.stroke ?? '#7aa7e0', width: 1, opacity: 0.1 };
    return level === below ? { fill: null, stroke: declared.stroke ?? '#7aa7e0', width: 0.7, opacity: 0 } : null;
  };
}
