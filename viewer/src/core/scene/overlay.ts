// SPDX-License-Identifier: Apache-2.0
/**
 * Names of blocks and pulses of new incidents, as page elements over the canvas: sharp type at any wall size,
 * and an animation that costs the 3D scene no frame.
 */
import { Cartesian3, SceneTransforms, type Cartesian2, type Scene } from '@cesium/engine';

export interface Label { key: string; text: string; note: string; lon: number; lat: number; rank: number }

interface Shown { element: HTMLElement; place: Cartesian3; width: number; height: number }

const PULSE_MS = 6_000;
const MOST_PULSES = 24;

export class Overlay {
  readonly #root = document.createElement('div');
  readonly #labels = new Map<string, Shown>();
  readonly #pulses = new Set<Shown>();
  #pin: Shown | null = null;
  #moved = '';

  constructor(private readonly scene: Scene, container: HTMLElement, private readonly onLabel: (key: string) => void) {
    this.#root.className = 'overlay';
    this.#root.setAttribute('aria-hidden', 'true'); // the list beside the canvas says the same
    container.append(this.#root);
    scene.postRender.addEventListener(() => { this.#place(false); });
  }

  setLabels(labels: Label[]): void {
    for (const { element } of this.#labels.values()) element.remove();
    this.#labels.clear();
    for (const label of labels.toSorted((one, other) => other.rank - one.rank)) {
      const element = document.createElement('button');
      element.type = 'button';
      element.tabIndex = -1;
      element.className = 'block-label';
      element.append(line('span', label.text), ...(label.note === '' ? [] : [line('small', label.note)]));
      element.addEventListener('click', () => { this.onLabel(label.key); });
      this.#root.append(element);
      this.#labels.set(label.key, {
        element, place: Cartesian3.fromDegrees(label.lon, label.lat, 0), width: element.offsetWidth, height: element.offsetHeight,
      });
    }
    this.#place(true);
  }

  /** Marks one place; heading in degrees clockwise from north, for a view that looks north. */
  setPin(pin: { lon: number; lat: number; height: number; heading: number; text: string } | null): void {
    this.#pin?.element.remove();
    this.#pin = null;
    if (pin) {
      const element = document.createElement('div');
      element.className = 'pin';
      element.style.setProperty('--heading', `${pin.heading}deg`);
      element.append(line('span', pin.text));
      this.#root.append(element);
      this.#pin = { element, place: Cartesian3.fromDegrees(pin.lon, pin.lat, pin.height), width: 0, height: 0 };
    }
    this.#place(true);
  }

  pulse(lon: number, lat: number, colour: string): void {
    if (this.#pulses.size >= MOST_PULSES) return;
    const element = document.createElement('i');
    element.className = 'pulse';
    element.style.setProperty('--pulse', colour);
    const shown: Shown = { element, place: Cartesian3.fromDegrees(lon, lat, 6), width: 0, height: 0 };
    this.#root.append(element);
    this.#pulses.add(shown);
    this.#place(true);
    window.setTimeout(() => {
      element.remove();
      this.#pulses.delete(shown);
    }, PULSE_MS);
  }

  /** Puts everything where the camera now sees it; of labels that would overlap, the higher rank stays. */
  #place(always: boolean): void {
    const { camera } = this.scene;
    const moved = `${camera.positionWC.x.toFixed(1)},${camera.positionWC.y.toFixed(1)},${camera.positionWC.z.toFixed(1)},`
      + `${camera.heading.toFixed(4)},${camera.pitch.toFixed(4)},${this.scene.canvas.width}`;
    if (!always && moved === this.#moved) return;
    this.#moved = moved;
    const taken: [number, number, number, number][] = [];
    for (const { element, place, width, height } of this.#labels.values()) {
      const at = this.#onScreen(place);
      const box: [number, number, number, number] | null = at
        && [at.x - width / 2 - 4, at.y - height / 2 - 2, at.x + width / 2 + 4, at.y + height / 2 + 2];
      const free = box !== null && !taken.some((other) => overlap(box, other));
      element.classList.toggle('away', !free);
      if (box === null || !free || at === null) continue;
      taken.push(box);
      element.style.transform = `translate(-50%,-50%) translate(${Math.round(at.x)}px,${Math.round(at.y)}px)`;
    }
    for (const { element, place } of this.#pin ? [this.#pin, ...this.#pulses] : this.#pulses) {
      const at = this.#onScreen(place);
      element.classList.toggle('away', at === null);
      if (at) element.style.transform = `translate(${Math.round(at.x)}px,${Math.round(at.y)}px)`;
    }
  }

  #onScreen(place: Cartesian3): Cartesian2 | null {
    const at = SceneTransforms.worldToWindowCoordinates(this.scene, place);
    if (!at) return null;
    const { clientWidth, clientHeight } = this.scene.canvas;
    return at.x < -50 || at.y < -20 || at.x > clientWidth + 50 || at.y > clientHeight + 20 ? null : at;
  }
}

function overlap(a: readonly number[], b: readonly number[]): boolean {
  const [al = 0, at = 0, ar = 0, ab = 0] = a;
  const [bl = 0, bt = 0, br = 0, bb = 0] = b;
  return al < br && bl < ar && at < bb && bt < ab;
}

function line(tag: 'span' | 'small', text: string): HTMLElement {
  const element = document.createElement(tag);
  element.textContent = text;
  return element;
}
