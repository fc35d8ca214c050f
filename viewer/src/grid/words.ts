// SPDX-License-Identifier: Apache-2.0
/** Values in words, as the layer that they are of declares them. */
import type { Properties, PropertyDeclaration } from '../core/api';
import { count, dayAndTime, unitOf, valueText } from '../core/format';
import { say, t } from '../core/i18n';
import type { Space } from './api';
import { grid } from './state';

export function wordFor(property: PropertyDeclaration | undefined, value: unknown): string {
  const word = typeof value === 'string' || typeof value === 'number' ? property?.values?.[String(value)] : undefined;
  if (word) return say(word);
  if (property?.type === 'datetime' && typeof value === 'string') return dayAndTime(value);
  // A year is no quantity: it has no thousands.
  if (property?.type === 'integer' && typeof value === 'number' && property.name.includes('year')) return String(value);
  return valueText(value);
}

export function withUnit(property: PropertyDeclaration | undefined, value: unknown): string {
  const unit = unitOf(property?.unit);
  const words = wordFor(property, value);
  return unit === '' || words === '–' ? words : `${words} ${unit}`;
}

/** A property of a layer as `/collections` declares it. */
export function declaredOf(layer: string, name: string): PropertyDeclaration | undefined {
  return grid.state.collections.find(({ id }) => id === layer)?.blocktwin.properties.find((one) => one.name === name);
}

/** The line that names an entry: the first of its texts that is no table of values. */
export function entryTitle(properties: readonly PropertyDeclaration[], values: Properties, id: number): string {
  for (const { name, type, values: words } of properties) {
    const value = values[name];
    if (type === 'string' && !words && typeof value === 'string' && value !== '') return value;
  }
  return `#${id}`;
}

/** Square metres as people say them: hectares are not known to all, square kilometres from a million on. */
export function areaText(area: number | null | undefined): string {
  if (area === null || area === undefined) return '–';
  return area >= 1e6 ? `${count(Math.round(area / 1e4) / 100)} km²` : `${count(Math.round(area))} m²`;
}

export function percent(share: number | null | undefined): string {
  return share === null || share === undefined ? '–' : `${Math.round(share * 100)}%`;
}

export function spaceStateName(state: Space['state']): string {
  switch (state) {
    case 'vacant': return t('grid.space_vacant');
    case 'reserved': return t('grid.space_reserved');
    case 'let': return t('grid.space_let');
  }
}
