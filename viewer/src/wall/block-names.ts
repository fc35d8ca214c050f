// SPDX-License-Identifier: Apache-2.0
import type { BlockName } from '../core/api';
import { nameOf } from '../core/i18n';

/** A block's name without its parent's before it, where the parent is plain to see. */
export function shortName(block: BlockName, parent: BlockName | null): string {
  const [name, above] = [nameOf(block), parent ? nameOf(parent) : ''];
  const rest = above !== '' && name.startsWith(above) ? name.slice(above.length).trim() : name;
  return rest === '' ? name : rest;
}
