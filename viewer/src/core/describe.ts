// SPDX-License-Identifier: Apache-2.0
/** What a picked thing is, in words: asked of the database on the click, so it is never older than that. */
import type { Collection, ElementDetail, Properties } from './api';
import { client } from './client';
import { rowsOf, titleOf, type Row } from './declared';
import { valueText } from './format';
import { say, t } from './i18n';
import type { Picked } from './scene/city';

export interface Group { title: string; rows: Row[]; open: boolean }
export interface Description { title: string; kind: string; groups: Group[] }

export async function describe(picked: Picked, collections: Collection[]): Promise<Description | null> {
  switch (picked.kind) {
    case 'point': return describeFeature(picked.layer, picked.id, {});
    case 'feature': {
      const { tileset, properties } = picked;
      const globalId = properties['global_id'];
      if (tileset.model_id !== undefined && tileset.model_id !== null && typeof globalId === 'string') {
        return describeElement(await client.element(tileset.model_id, globalId));
      }
      const layer = collections.find(({ id }) => id === tileset.kind);
      const id = properties['id'];
      if (layer && typeof id === 'number') return describeFeature(layer, id, properties);
      return { title: say(tileset.title), kind: tileset.kind, groups: [{ title: '', rows: plainRows(properties), open: true }] };
    }
    case 'ground': {
      const top = picked.shapes.filter(({ layer }) => layer.id !== 'blocks').at(-1);
      return top?.id === undefined ? null : describeFeature(top.layer, top.id, top.properties);
    }
  }
}

async function describeFeature(layer: Collection, id: number, known: Properties): Promise<Description> {
  // The tile's own few properties stand in when the server does not answer.
  const feature = await client.feature(layer.id, id).catch(() => null);
  const properties = { ...known, ...feature?.properties };
  const rows = rowsOf(layer, properties);
  return {
    title: titleOf(layer, properties, id),
    kind: say(layer.blocktwin.title),
    groups: [{ title: '', rows: rows.length > 0 ? rows : plainRows(properties), open: true }],
  };
}

export function describeElement(element: ElementDetail): Description {
  const rows: Row[] = [
    { label: t('element.storey'), value: valueText(element.storey) },
    { label: t('element.space'), value: valueText(element.space) },
    { label: t('element.type'), value: valueText(element.type_name) },
    { label: t('element.material'), value: element.material.join('、') || '–' },
    { label: 'GlobalId', value: element.global_id },
  ].filter(({ value }) => value !== '–');
  const sets = [...Object.entries(element.quantities), ...Object.entries(element.property_sets)];
  return {
    title: element.name ?? element.ifc_class,
    kind: element.ifc_class,
    groups: [
      { title: '', rows, open: true },
      ...sets.map(([title, properties], index) => ({ title, rows: plainRows(properties), open: index === 0 })),
    ],
  };
}

function plainRows(properties: Properties): Row[] {
  return Object.entries(properties)
    .filter(([name, value]) => name !== 'id' && value !== null && value !== '')
    .map(([label, value]) => ({ label, value: valueText(value) }));
}
