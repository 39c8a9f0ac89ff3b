// What a page about pumps does beyond itself: it says when it is no longer live, and reads an asset number by camera.
const lost = document.querySelector(".oi-lost");
const live = (is) => { if (lost) lost.hidden = is; };
for (const name of ["htmx:sendError", "htmx:responseError", "htmx:timeout"]) document.body.addEventListener(name, () => live(false));
document.body.addEventListener("htmx:afterRequest", (event) => { if (event.detail.successful) live(true); });

for (const form of document.querySelectorAll(".oi-asset")) {
  const button = form.querySelector(".oi-asset__scan");
  if (!("BarcodeDetector" in window) || !navigator.mediaDevices?.getUserMedia) continue;
  button.hidden = false;
  button.addEventListener("click", () => scan(form));
}

async function scan(form) {
  const view = form.querySelector(".oi-asset__view");
  const video = form.querySelector(".oi-asset__video");
  const say = form.querySelector(".oi-asset__say");
  view.hidden = false;
  say.textContent = "Hold the label before the camera.";
  let stream;
  try {
    stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" } });
    video.srcObject = stream;
    await video.play();
    const detector = new BarcodeDetector();
    const until = Date.now() + 30_000;
    while (Date.now() < until) {
      const [found] = await detector.detect(video);
      if (found) {
        form.querySelector("input").value = found.rawValue;
        form.requestSubmit();
        return;
      }
      await new Promise((next) => setTimeout(next, 150));
    }
    say.textContent = "Nothing was read. Type the number.";
  } catch {
    say.textContent = "The camera cannot be used. Type the number.";
  } finally {
    for (const track of stream?.getTracks() ?? []) track.stop();
    video.srcObject = null;
  }
}
