// SPDX-License-Identifier: Apache-2.0
/** What the server answers, as far as the pages read it. Lengths in metres, areas in m², positions lon/lat (CRS84). */
import type { Feature, FeatureCollection, Geometry } from 'geojson';

export type BBox = [west: number, south: number, east: number, north: number];
export interface Text { zh: string; en: string }

/** How one can sign in; `provider` is where the browser is sent to, if there is one. */
export interface SignInWays {
  provider: { label: string; url: string } | null;
}

export interface Session {
  role: string;
  login: string | null;
  scope: string[];
  is_unscoped: boolean;
  access_class: number;
  purpose?: string | null;
  expires_at?: string | null;
  district: { code: string; name: string; name_en: string; bbox: BBox; center: [number, number] } | null;
  synthetic: boolean;
  version: string;
}

export interface PropertyDeclaration {
  name: string;
  title: Text;
  type: string;
  unit?: string | null;
  values?: Record<string, Text> | null;
}

export interface StyleDeclaration {
  fill?: string | null;
  stroke?: string | null;
  opacity?: number | null;
  width?: number | null;
  radius?: number | null;
  by?: { property: string; values: Record<string, string> } | null;
  extrude?: string | null;
}

export interface LayerDeclaration {
  title: Text;
  order: number;
  geometry: 'polygon' | 'line' | 'point' | 'solid';
  minzoom: number;
  maxzoom: number;
  complete_from_zoom?: number | null;
  style: StyleDeclaration;
  visible: boolean;
  time_column: string | null;
  properties: PropertyDeclaration[];
  kpis: { name: string; title: Text; unit?: string | null }[];
}

export interface Collection {
  id: string;
  title: string;
  description?: string;
  extent?: { spatial?: { bbox?: number[][] } };
  blocktwin: LayerDeclaration;
}

export interface BlockName { code: string; name: string; name_en?: string | null; level: number }

export interface Block extends BlockName {
  level_name: Text;
  parent: string | null;
  ancestors: BlockName[];
  bbox: BBox;
  geometry: Geometry | null;
  children: (BlockName & { bbox: BBox })[];
}

/** What a pillar's measure comes to in a block; `is_indicator`: people defined it. */
export interface MeasureValue {
  code: string;
  title: Text;
  unit: string | null;
  value: number | null;
  shown: string | null;
  threshold?: number | null;
  is_indicator?: boolean;
}

export interface Profile {
  code: string;
  level: number;
  as_of: string;
  registers: Partial<Record<string, Partial<Record<string, number | null>>>>;
  incidents?: {
    open: number;
    total: number;
    today: number;
    by_severity: Record<string, number>;
    by_type: { code: string; name: Text; count: number }[];
    by_day: { day: string; count: number }[];
  } | null;
  pillars?: { title: Text; measures: MeasureValue[] }[];
  children: { code: string; name: string; name_en?: string | null; buildings: number | null; incidents_open: number | null }[];
}

export type Properties = Record<string, unknown>;
export type TwinFeature = Feature<Geometry | null, Properties | null>;
export interface FeaturePage extends FeatureCollection<Geometry | null, Properties | null> {
  links?: { rel: string; href: string }[];
}

export interface ChangeEvent {
  layer: string;
  bbox: BBox | null;
  block_codes: string[];
  change_id: number;
  ids: number[] | null;
  op: 'insert' | 'update' | 'delete' | 'mixed';
}

export interface Tileset {
  id: string;
  title: Text;
  kind: string;
  singulation: string;
  url: string;
  model_id?: string | number | null;
}

export interface Model {
  id: string | number;
  name: string;
  state: string;
  version: number | null;
  tileset_id: string | null;
  position: [number, number, number] | null;
  heading_deg: number | null;
  storeys: number;
  elements: number;
  created_at: string;
}

export interface Storey { number: number; name: string; elevation: number | null; elements: number }

export interface ModelDetail extends Omit<Model, 'version' | 'storeys'> {
  version: {
    number: number;
    schema: string;
    file_name: string;
    sha256: string;
    georeference: Georeference | null;
    report: Report | null;
  } | null;
  storeys: Storey[];
}

export interface Georeference { source?: string; reason?: string | Text; crs?: string; accuracy_m?: number | null }

export interface ElementDetail {
  global_id: string;
  ifc_class: string;
  name: string | null;
  storey: string | number | null;
  space: string | null;
  type_name: string | null;
  material: string[];
  property_sets: Record<string, Properties>;
  quantities: Record<string, Properties>;
  parents: { global_id: string; ifc_class: string; name: string | null }[];
}

export interface Problem { where: string; what: string; fix: string; what_i18n?: Text; fix_i18n?: Text }

export interface Report {
  read?: number;
  kept?: number;
  repaired?: number;
  rejected?: number;
  outside?: number;
  problems?: Problem[];
  georeference?: Georeference | null;
  [figure: string]: unknown;
}

export interface Job {
  id: string | number;
  kind: string;
  state: 'queued' | 'running' | 'done' | 'refused' | 'failed';
  step: Text | null;
  progress: number;
  report: Report | null;
  model_id?: string | number | null;
}

export interface Upload { id: string; filename: string; size: number; offset: number; job_id: string | number | null }
