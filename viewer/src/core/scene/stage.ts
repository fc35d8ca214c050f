// SPDX-License-Identifier: Apache-2.0
/**
 * The 3D stage: one engine scene for the life of the page, on a plain ground, drawn only when something changed.
 * Nothing here reaches outside the page's own host: no base imagery, no terrain service, no ion.
 */
import { Color, DirectionalLight, Cartesian3, Globe, Ellipsoid, Math as Angle, Scene } from '@cesium/engine';
import { reloadWhenContextIsLost } from './context-loss';

/** Without a graphics card the picture is drawn at this size at most, and scaled up. */
const SOFTWARE_PIXELS = 1_200_000;
/** What the engine may spend on new ground in one frame; its own 5 ms suit 60 frames a second. */
const SOFTWARE_LOAD_MS = 80;

export interface Ground { ground: string; sky: string }

export class Stage {
  readonly scene: Scene;
  readonly canvas: HTMLCanvasElement;
  frames = 0;
  #destroyed = false;
  #mostPixels = Infinity;

  constructor(readonly container: HTMLElement, label: string, colours: Ground) {
    this.canvas = document.createElement('canvas');
    this.canvas.tabIndex = 0;
    this.canvas.setAttribute('role', 'application');
    this.canvas.setAttribute('aria-label', label);
    this.canvas.style.cssText = 'position:absolute;inset:0;width:100%;height:100%;touch-action:none;display:block';
    this.canvas.addEventListener('contextmenu', (event) => { event.preventDefault(); });
    container.append(this.canvas);
    this.#fit();
    const credits = document.createElement('div');
    this.scene = new Scene({
      canvas: this.canvas,
      creditContainer: credits,
      creditViewport: credits,
      contextOptions: { webgl: { alpha: false, antialias: true, powerPreference: 'high-performance' } },
      orderIndependentTranslucency: false,
      scene3DOnly: true,
      msaaSamples: 1,
      requestRenderMode: true,
      maximumRenderTimeChange: Infinity,
    });
    this.#dress(colours);
    if (drawnBySoftware(this.canvas)) this.#spare();
    else this.scene.msaaSamples = 4;
    reloadWhenContextIsLost(this.canvas, this.scene);
    this.scene.postRender.addEventListener(() => { this.frames += 1; });
    new ResizeObserver(() => {
      if (this.#fit()) this.requestRender();
    }).observe(container);
    requestAnimationFrame(this.#loop);
  }

  #dress(colours: Ground): void {
    const { scene } = this;
    const globe = new Globe(Ellipsoid.WGS84);
    globe.baseColor = Color.fromCssColorString(colours.ground);
    globe.showGroundAtmosphere = false;
    globe.enableLighting = false;
    globe.preloadAncestors = false;
    globe.depthTestAgainstTerrain = true;
    scene.globe = globe;
    scene.backgroundColor = Color.fromCssColorString(colours.sky);
    scene.fog.enabled = false;
    scene.highDynamicRange = false;
    // Light from over the viewer's left shoulder, whatever the hour: a wall must look the same at night.
    const light = new DirectionalLight({ direction: new Cartesian3(0, 0, -1), intensity: 2.2 });
    Object.assign(scene, { light }); // the engine's typings do not know it for a Light
    scene.preRender.addEventListener(() => {
      const { camera } = scene;
      const direction = Cartesian3.multiplyByScalar(camera.rightWC, 0.55, new Cartesian3());
      Cartesian3.add(direction, camera.directionWC, direction);
      Cartesian3.add(direction, Cartesian3.multiplyByScalar(camera.upWC, -0.35, new Cartesian3()), direction);
      light.direction = Cartesian3.normalize(direction, direction);
    });
    const controls = scene.screenSpaceCameraController;
    controls.minimumZoomDistance = 20;
    controls.maximumZoomDistance = 250_000;
    controls.maximumTiltAngle = Angle.toRadians(86);
    controls.inertiaSpin = controls.inertiaTranslate = controls.inertiaZoom = 0.6;
  }

  /** Without a graphics card frames are few, so each of them must be smaller and bring more of the ground. */
  #spare(): void {
    this.#mostPixels = SOFTWARE_PIXELS;
    this.#fit();
    const { _surface: surface } = this.scene.globe as Globe & { _surface?: { _loadQueueTimeSlice?: number } };
    if (surface?._loadQueueTimeSlice !== undefined) surface._loadQueueTimeSlice = SOFTWARE_LOAD_MS;
  }

  #fit(): boolean {
    const pixels = this.container.clientWidth * this.container.clientHeight;
    const ratio = Math.min(window.devicePixelRatio || 1, 2, Math.sqrt(this.#mostPixels / Math.max(1, pixels)));
    const width = Math.max(1, Math.round(this.container.clientWidth * ratio));
    const height = Math.max(1, Math.round(this.container.clientHeight * ratio));
    if (this.canvas.width === width && this.canvas.height === height) return false;
    this.canvas.width = width;
    this.canvas.height = height;
    return true;
  }

  readonly #loop = (): void => {
    if (this.#destroyed) return;
    (this.scene as Scene & { initializeFrame(): void }).initializeFrame(); // left out of the engine's typings
    this.scene.render();
    requestAnimationFrame(this.#loop);
  };

  requestRender(): void {
    this.scene.requestRender();
  }

  destroy(): void {
    this.#destroyed = true;
    this.scene.destroy();
  }
}

/** Without a graphics card, smooth edges cost more than they give. */
function drawnBySoftware(canvas: HTMLCanvasElement): boolean {
  const context = canvas.getContext('webgl2');
  const renderer: unknown = context?.getParameter(context.RENDERER);
  return typeof renderer === 'string' && /swiftshader|llvmpipe|software/iu.test(renderer);
}
