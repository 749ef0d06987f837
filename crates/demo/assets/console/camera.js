// A phone's camera.

import { $, make, show } from "./page.js";

/** Shows what the camera sees, and hands over a picture twice a second until one has a code. */
export class Camera {
  constructor(root, look) {
    this.video = $("[data-video]", root);
    this.button = $("[data-camera]", root);
    this.look = look;
    show(this.button, Boolean(navigator.mediaDevices?.getUserMedia));
    this.button.addEventListener("click", () => (this.stream ? this.stop() : this.start()));
  }

  async start() {
    // Off while the browser asks: a second stream would never be stopped.
    this.button.disabled = true;
    this.wanted = true;
    let stream;
    try {
      stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" } });
    } catch {
      this.button.textContent = "No camera: use a screenshot";
      return;
    } finally {
      this.button.disabled = false;
    }
    this.stream = stream;
    // Somebody who takes a while to say yes may have left the page meanwhile.
    if (!this.wanted) return this.stop();
    this.video.srcObject = stream;
    show(this.video);
    this.button.textContent = "Stop the camera";
    const plays = await this.video.play().then(() => true, () => false);
    if (plays) await this.watch(stream);
    // There is a code, or nothing to see. By now it may be another stream that is shown.
    if (this.stream === stream) this.stop();
  }

  /** Until there is a code, or the camera is stopped; it may have been started again meanwhile. */
  async watch(stream) {
    while (this.stream === stream) {
      const picture = await this.frame();
      if (this.stream !== stream) return;
      if (await this.look(picture)) return;
      await new Promise((resolve) => setTimeout(resolve, 500));
    }
  }

  frame() {
    const { videoWidth: width, videoHeight: height } = this.video;
    const canvas = make("canvas", { width, height });
    canvas.getContext("2d").drawImage(this.video, 0, 0);
    return new Promise((resolve) => canvas.toBlob(resolve, "image/jpeg", 0.9));
  }

  stop() {
    this.wanted = false;
    if (!this.stream) return;
    this.stream.getTracks().forEach((track) => track.stop());
    this.stream = undefined;
    show(this.video, false);
    this.button.textContent = "Use the camera";
  }
}
