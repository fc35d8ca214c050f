// SPDX-License-Identifier: Apache-2.0
/** How a layer's own declaration says it looks and reads. The only place that turns declarations into colours and words. */
import type { Collection, Properties, PropertyDeclaration } from './api';
import { dayAndTime, textOf, unitOf, valueText } from './format';
import { language, say } from './i18n';

const PLAIN = '#7f93b2';

export function colourOf(layer: Collection, properties: Properties | null): string {
  const { style } = layer.blocktwin;
  const by = style.by;
  return (by ? by.values[textOf(properties, by.property)] : undefined) ?? style.fill ?? style.stroke ?? PLAIN;
}

export interface LegendLine { colour: string; label: string }

export function legendOf(layer: Collection): LegendLine[] {
  const { style, properties } = layer.blocktwin;
  if (!style.by) return [];
  const declared = properties.find((property) => property.name === style.by?.property);
  return Object.entries(style.by.values).map(([value, colour]) => ({ colour, label: declared ? wordOf(declared, value) : value }));
}

function wordOf(property: PropertyDeclaration, value: unknown): string {
  const word = property.values?.[valueKey(value)];
  return word ? say(word) : valueText(value);
}

function valueKey(value: unknown): string {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? String(value) : '';
}

export interface Row { label: string; value: string }

/** A feature's properties as the declaration names and orders them. */
export function rowsOf(layer: Collection, properties: Properties): Row[] {
  return layer.blocktwin.properties
    .filter(({ name }) => properties[name] !== undefined && properties[name] !== null && !isTranslation(layer, name))
    .map((property) => {
      const value = property.type === 'datetime' ? dayAndTime(textOf(properties, property.name))
        : wordOf(property, localText(properties, property.name) || properties[property.name]);
      const unit = unitOf(property.unit);
      return { label: say(property.title), value: unit === '' ? value : `${value} ${unit}` };
    });
}

/** A text that may have an English twin beside it (`name`, `name_en`), in the reader's language. */
export function localText(properties: Properties | null, name: string): string {
  const english = language.state.code === 'en' ? textOf(properties, `${name}_en`) : '';
  return english || textOf(properties, name);
}

function isTranslation(layer: Collection, name: string): boolean {
  return name.endsWith('_en') && layer.blocktwin.properties.some((property) => property.name === name.slice(0, -3));
}

/** A line that names a feature: its own name, or its layer and number. */
export function titleOf(layer: Collection, properties: Properties, id: string | number | undefined): string {
  const texts = layer.blocktwin.properties.filter(({ type, values }) => type.startsWith('str') && !values).map(({ name }) => name);
  for (const key of ['name', ...texts.filter((name) => name.endsWith('_name')), ...texts]) {
    const value = localText(properties, key);
    if (value !== '') return value;
  }
  return `${say(layer.blocktwin.title)} ${id ?? ''}`;
}

export function byOrder(first: Collection, second: Collection): number {
  return first.blocktwin.order - second.blocktwin.order;
}
