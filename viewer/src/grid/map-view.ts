// SPDX-License-Identifier: Apache-2.0
/**
 * MapLibre and nothing but it: the block's outline, layers from vector tiles as they declare themselves, and what is
 * selected. Nothing is asked of another host; letters are drawn from the page's own fonts.
 */
import { Map as MapLibre, NavigationControl, ScaleControl, setWorkerUrl, type AddLayerObject, type ExpressionSpecification, type GeoJSONSource, type MapMouseEvent } from 'maplibre-gl';
import mapStyle from 'maplibre-gl/dist/maplibre-gl.css?inline';
import workerUrl from 'maplibre-gl/dist/maplibre-gl-worker.mjs?url';
import type { Feature, FeatureCollection, Geometry } from 'geojson';
import type { BBox, Block, Collection } from '../core/api';
import { nameOf } from '../core/i18n';

setWorkerUrl(new URL(workerUrl, location.href).href);

export const style = mapStyle;

export interface Hit { layer: string; id: number | null; count: number; at: [number, number] }

const FONT = ['Noto Sans SC Variable', 'Noto Sans CJK SC', 'sans-serif'];
const PLAIN = '#7f93b2';
const ACCENT = '#d6336c';
const HERE = '#1667d9';
const METRES_PER_DEGREE = 111_320;
const EMPTY: FeatureCollection = { type: 'FeatureCollection', features: [] };
const REACH_PX = 6;

export class MapView {
  readonly #map: MapLibre;
  readonly #ready: Promise<void>;
  #shown = new Map<string, Collection>();

  constructor(container: HTMLElement, box: BBox, onHit: (hit: Hit) => void, onChild: (code: string) => void, private readonly onFailure: (what: string) => void) {
    this.#map = new MapLibre({
      container, bounds: box, fitBoundsOptions: { padding: 24 }, attributionControl: false, dragRotate: false, pitchWithRotate: false, maxPitch: 0, fadeDuration: 0,
      maxZoom: 20, style: { version: 8, sources: {}, layers: [{ id: 'ground', type: 'background', paint: { 'background-color': '#edf1f6' } }] },
    });
    this.#map.touchZoomRotate.disableRotation();
    this.#map.addControl(new NavigationControl({ showCompass: false }), 'top-right');
    this.#map.addControl(new ScaleControl({}), 'bottom-left');
    this.#map.on('error', ({ error }) => { this.onFailure(error.message); });
    this.#ready = new Promise((resolve) => { this.#map.once('load', () => { this.#prepare(); resolve(); }); });
    this.#map.on('click', (event) => { this.#click(event, onHit, onChild); });
    this.#map.on('mousemove', ({ point }) => {
      this.#map.getCanvas().style.cursor = this.#map.queryRenderedFeatures(point, { layers: this.#clickable() }).length > 0 ? 'pointer' : '';
    });
  }

  /** Whether every tile in view is there; for whoever waits for the picture. */
  get isIdle(): boolean {
    return this.#map.loaded() && this.#map.areTilesLoaded();
  }

  /** Where a place is on the canvas, in pixels. */
  project(place: [number, number]): [number, number] {
    const { x, y } = this.#map.project(place);
    return [x, y];
  }

  /** What is in view: west, south, east, north. */
  get view(): BBox {
    const bounds = this.#map.getBounds();
    return [bounds.getWest(), bounds.getSouth(), bounds.getEast(), bounds.getNorth()];
  }

  /** A rectangle dragged by mouse, pen or finger; null when it was left with Escape or `signal`, or has no size. */
  async drawBox(signal: AbortSignal): Promise<BBox | null> {
    await this.#ready;
    const canvas = this.#map.getCanvasContainer();
    const touch = canvas.style.touchAction;
    const end = new AbortController();
    this.#map.dragPan.disable();
    canvas.style.touchAction = 'none';
    canvas.style.cursor = 'crosshair';
    const at = (event: PointerEvent): [number, number] => {
      const edge = canvas.getBoundingClientRect();
      const { lng, lat } = this.#map.unproject([event.clientX - edge.left, event.clientY - edge.top]);
      return [lng, lat];
    };
    try {
      return await new Promise<BBox | null>((resolve) => {
        let start: [number, number] | null = null;
        const listen = { signal: end.signal };
        signal.addEventListener('abort', () => { resolve(null); }, listen);
        window.addEventListener('keydown', (event) => { if (event.key === 'Escape') resolve(null); }, listen);
        canvas.addEventListener('pointerdown', (event) => {
          start = at(event);
          canvas.setPointerCapture(event.pointerId);
        }, listen);
        canvas.addEventListener('pointermove', (event) => { if (start) this.#outline(span(start, at(event))); }, listen);
        canvas.addEventListener('pointerup', (event) => {
          const drawn = start && span(start, at(event));
          resolve(drawn && drawn[0] < drawn[2] && drawn[1] < drawn[3] ? drawn : null);
        }, listen);
      });
    } finally {
      end.abort();
      this.#map.dragPan.enable();
      canvas.style.touchAction = touch;
      canvas.style.cursor = '';
    }
  }

  async showBox(box: BBox | null): Promise<void> {
    await this.#ready;
    this.#outline(box);
  }

  /** Where the device is, and how far off that may be (m). */
  async showHere(point: [number, number] | null, accuracy: number): Promise<void> {
    await this.#ready;
    const around: Feature[] = point ? [{ type: 'Feature', properties: {}, geometry: circle(point, accuracy) }, { type: 'Feature', properties: {}, geometry: { type: 'Point', coordinates: point } }] : [];
    void this.#source('here').setData({ type: 'FeatureCollection', features: around });
    if (point && !this.#map.getBounds().contains(point)) this.#map.jumpTo({ center: point, zoom: Math.max(15, this.#map.getZoom()) });
  }

  #outline(box: BBox | null): void {
    const ring = box ? [[box[0], box[1]], [box[2], box[1]], [box[2], box[3]], [box[0], box[3]], [box[0], box[1]]] : [];
    void this.#source('box').setData(box ? { type: 'FeatureCollection', features: [{ type: 'Feature', properties: {}, geometry: { type: 'Polygon', coordinates: [ring] } }] } : EMPTY);
  }

  resize(): void {
    this.#map.resize();
  }

  remove(): void {
    this.#map.remove();
  }

  async showBlock(block: Block, moves: boolean): Promise<void> {
    await this.#ready;
    const outline: FeatureCollection = { type: 'FeatureCollection', features: block.geometry ? [{ type: 'Feature', geometry: block.geometry, properties: {} }] : [] };
    void this.#source('block').setData(outline);
    void this.#source('children').setData({
      type: 'FeatureCollection',
      features: block.children.map((child): Feature => ({
        type: 'Feature', properties: { code: child.code, name: nameOf(child) },
        geometry: { type: 'Point', coordinates: [(child.bbox[0] + child.bbox[2]) / 2, (child.bbox[1] + child.bbox[3]) / 2] },
      })),
    });
    const within: ExpressionSpecification = ['all', ['==', ['slice', ['get', 'code'], 0, block.code.length], block.code], ['==', ['get', 'level'], block.level + 1]];
    if (this.#map.getLayer('below')) this.#map.setFilter('below', within);
    if (moves) this.#map.fitBounds(block.bbox, { padding: 24, duration: 0 });
  }

  /** Exactly these layers, as they say that they look. */
  async showLayers(layers: readonly Collection[]): Promise<void> {
    await this.#ready;
    for (const [id] of this.#shown) if (!layers.some((one) => one.id === id)) this.#drop(id);
    for (const layer of layers) if (!this.#shown.has(layer.id)) this.#add(layer);
  }

  /** Outlines a feature and brings it into view. */
  async select(geometry: Geometry | null, box: BBox | null): Promise<void> {
    await this.#ready;
    void this.#source('selected').setData(geometry ? { type: 'FeatureCollection', features: [{ type: 'Feature', geometry, properties: {} }] } : EMPTY);
    if (!box) return;
    const view = this.#map.getBounds();
    const isSeen = view.contains([box[0], box[1]]) && view.contains([box[2], box[3]]);
    const isTiny = isSeen && Math.hypot(this.project([box[2], box[3]])[0] - this.project([box[0], box[1]])[0]) < 24;
    if (!isSeen || isTiny) this.#map.fitBounds(box, { padding: 90, maxZoom: 17, duration: 0 });
  }

  /** Reads tiles anew: somebody has written. */
  refresh(): void {
    for (const layer of [...this.#shown.values()]) {
      this.#drop(layer.id);
      this.#add(layer);
    }
  }

  #source(id: string): GeoJSONSource {
    return this.#map.getSource(id) as unknown as GeoJSONSource;
  }

  #prepare(): void {
    for (const id of ['block', 'children', 'selected', 'box', 'here']) this.#map.addSource(id, { type: 'geojson', data: EMPTY });
    this.#map.addSource('blocks', { type: 'vector', tiles: [tilesOf('blocks')], minzoom: 8, maxzoom: 17 });
    this.#map.addLayer({ id: 'below', type: 'line', source: 'blocks', 'source-layer': 'blocks', filter: ['==', ['get', 'level'], -1], paint: { 'line-color': '#7b8da6', 'line-width': 1, 'line-dasharray': [3, 2] } });
    this.#map.addLayer({ id: 'block', type: 'line', source: 'block', paint: { 'line-color': '#1667d9', 'line-width': 2.5 } });
    this.#map.addLayer({
      id: 'names', type: 'symbol', source: 'children', layout: { 'text-field': ['get', 'name'], 'text-font': FONT, 'text-size': 13, 'text-padding': 6 },
      paint: { 'text-color': '#26405f', 'text-halo-color': '#ffffff', 'text-halo-width': 1.6 },
    });
    this.#map.addLayer({ id: 'selected-area', type: 'fill', source: 'selected', filter: ['==', ['geometry-type'], 'Polygon'], paint: { 'fill-color': ACCENT, 'fill-opacity': 0.18 } });
    this.#map.addLayer({ id: 'selected-edge', type: 'line', source: 'selected', paint: { 'line-color': ACCENT, 'line-width': 3 } });
    this.#map.addLayer({
      id: 'selected-point', type: 'circle', source: 'selected', filter: ['==', ['geometry-type'], 'Point'],
      paint: { 'circle-radius': 9, 'circle-color': ACCENT, 'circle-opacity': 0.35, 'circle-stroke-color': ACCENT, 'circle-stroke-width': 2.5 },
    });
    this.#map.addLayer({ id: 'box', type: 'line', source: 'box', paint: { 'line-color': '#a85a00', 'line-width': 2.5, 'line-dasharray': [3, 1.5] } });
    this.#map.addLayer({ id: 'here-area', type: 'fill', source: 'here', filter: ['==', ['geometry-type'], 'Polygon'], paint: { 'fill-color': HERE, 'fill-opacity': 0.15 } });
    this.#map.addLayer({
      id: 'here-point', type: 'circle', source: 'here', filter: ['==', ['geometry-type'], 'Point'],
      paint: { 'circle-radius': 7, 'circle-color': HERE, 'circle-stroke-color': '#ffffff', 'circle-stroke-width': 3 },
    });
  }

  #add(layer: Collection): void {
    const { blocktwin } = layer;
    this.#shown.set(layer.id, layer);
    this.#map.addSource(`layer:${layer.id}`, { type: 'vector', tiles: [tilesOf(layer.id)], minzoom: blocktwin.minzoom, maxzoom: blocktwin.maxzoom });
    for (const drawn of draw(layer)) this.#map.addLayer(drawn, 'block');
  }

  #drop(id: string): void {
    this.#shown.delete(id);
    for (const drawn of ['area', 'edge', 'point', 'line']) if (this.#map.getLayer(`${id}:${drawn}`)) this.#map.removeLayer(`${id}:${drawn}`);
    this.#map.removeSource(`layer:${id}`);
  }

  #clickable(): string[] {
    return (this.#map.getStyle().layers as { id: string }[]).map(({ id }) => id).filter((id) => id === 'names' || id.includes(':'));
  }

  #click({ point, lngLat }: MapMouseEvent, onHit: (hit: Hit) => void, onChild: (code: string) => void): void {
    const found = this.#map.queryRenderedFeatures([[point.x - REACH_PX, point.y - REACH_PX], [point.x + REACH_PX, point.y + REACH_PX]], { layers: this.#clickable() });
    const exact = this.#map.queryRenderedFeatures(point, { layers: this.#clickable() });
    const top = exact[0] ?? found[0];
    if (!top) return;
    const { code, count } = top.properties as { code?: string; count?: number };
    if (top.layer.id === 'names') {
      onChild(code ?? '');
      return;
    }
    const many = typeof count === 'number' ? count : 1;
    if (many > 1) this.#map.easeTo({ center: lngLat, zoom: this.#map.getZoom() + 2, duration: 0 });
    else onHit({ layer: top.layer.id.split(':')[0] ?? '', id: typeof top.id === 'number' ? top.id : null, count: many, at: [lngLat.lng, lngLat.lat] });
  }
}

function span(from: [number, number], to: [number, number]): BBox {
  return [Math.min(from[0], to[0]), Math.min(from[1], to[1]), Math.max(from[0], to[0]), Math.max(from[1], to[1])];
}

/** Round enough for an accuracy; radius in metres. */
function circle([lon, lat]: [number, number], radius: number): Geometry {
  const [east, north] = [radius / (METRES_PER_DEGREE * Math.cos(lat * Math.PI / 180)), radius / METRES_PER_DEGREE];
  return { type: 'Polygon', coordinates: [Array.from({ length: 49 }, (_, at) => [lon + east * Math.cos(at * Math.PI / 24), lat + north * Math.sin(at * Math.PI / 24)])] };
}

function tilesOf(layer: string): string {
  return `${location.origin}/collections/${encodeURIComponent(layer)}/tiles/WebMercatorQuad/{z}/{y}/{x}`;
}

function draw({ id, blocktwin: { style: look, geometry } }: Collection): AddLayerObject[] {
  const [fill, stroke] = [look.fill ?? look.stroke ?? PLAIN, look.stroke ?? look.fill ?? PLAIN];
  const from = { source: `layer:${id}`, 'source-layer': id };
  const by = (otherwise: string): ExpressionSpecification | string => look.by
    ? ['match', ['to-string', ['get', look.by.property]], ...Object.entries(look.by.values).flat(), otherwise] as unknown as ExpressionSpecification : otherwise;
  if (geometry === 'point') {
    return [{ id: `${id}:point`, type: 'circle', ...from, paint: { 'circle-color': by(fill), 'circle-radius': look.radius ?? 4, 'circle-stroke-color': stroke, 'circle-stroke-width': 1 } }];
  }
  if (geometry === 'line') return [{ id: `${id}:line`, type: 'line', ...from, paint: { 'line-color': by(stroke), 'line-width': Math.max(1, look.width ?? 1) } }];
  return [
    { id: `${id}:area`, type: 'fill', ...from, filter: ['==', ['geometry-type'], 'Polygon'], paint: { 'fill-color': by(fill), 'fill-opacity': Math.max(0.15, Math.min(0.75, look.opacity ?? 0.5)) } },
    { id: `${id}:edge`, type: 'line', ...from, paint: { 'line-color': stroke, 'line-width': look.width ?? 1 } },
    { id: `${id}:point`, type: 'circle', ...from, filter: ['==', ['geometry-type'], 'Point'], paint: { 'circle-color': by(fill), 'circle-radius': 4 } },
  ];
}
