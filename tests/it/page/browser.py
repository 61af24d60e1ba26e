"""Opens pages in Debian's chromium and says, as JSON on standard output, what is wrong with them.

usage: browser.py CHROMIUM FOLDER PAGE… [--shots DIR]

Each page is looked at in light, in dark, 1280, 800 and 400 pixels wide, as it is printed, and with the keyboard. The browser is spoken to over its DevTools protocol on a pipe:
nothing but Python's own library is needed. Scripts of ours run in it through the debugger only: the pages allow none.
"""

import base64
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import urllib.parse

# What is looked at in a page. It ends with an object of findings.
LOOK = r"""
(() => {
  const wrong = [];
  const luminance = c => {
    const part = v => { v /= 255; return v <= 0.03928 ? v / 12.92 : Math.pow((v + 0.055) / 1.055, 2.4); };
    return 0.2126 * part(c[0]) + 0.7152 * part(c[1]) + 0.0722 * part(c[2]);
  };
  const rgb = text => (text.match(/[\d.]+/g) || []).slice(0, 3).map(Number);
  const contrast = (a, b) => { const [x, y] = [luminance(a), luminance(b)].sort((p, q) => q - p); return (x + 0.05) / (y + 0.05); };
  const ground = rgb(getComputedStyle(document.body).backgroundColor);
  const seen = new Map();
  for (const e of document.querySelectorAll('body,p,a,h1,h2,dt,td,th,caption,figcaption,summary,.dim,.good,.bad,.open')) {
    const colour = getComputedStyle(e).color;
    if (!seen.has(colour)) seen.set(colour, e.tagName);
  }
  for (const [colour, tag] of seen) {
    const found = contrast(rgb(colour), ground);
    if (found < 4.5) wrong.push(`${tag} has a contrast of ${found.toFixed(2)}`);
  }
  for (const e of document.querySelectorAll('svg.chart text, svg.chart polyline, svg.chart circle')) {
    const style = getComputedStyle(e);
    const colour = e.tagName === 'polyline' ? style.stroke : style.fill;
    if (colour === 'none' || e.getAttribute('fill') === '#FFFFFF') continue;
    const faint = ['#C9CDD2'].includes(e.getAttribute('stroke') || e.getAttribute('fill')) || e.getAttribute('stroke') === '#C9CDD2';
    const found = contrast(rgb(colour), ground);
    if (!faint && found < (e.tagName === 'text' ? 4.5 : 3)) wrong.push(`${e.tagName} ${colour} has a contrast of ${found.toFixed(2)}`);
  }
  for (const svg of document.querySelectorAll('svg')) {
    if (svg.getAttribute('role') !== 'img' || !(svg.querySelector('title') || {}).textContent) wrong.push('a chart without a title');
    const box = svg.getBoundingClientRect();
    if (svg.checkVisibility() && (box.width < 20 || box.height < 10)) wrong.push(`a chart of ${box.width} by ${box.height}`);
  }
  for (const a of document.querySelectorAll('a[href^="#"]')) {
    if (!document.getElementById(a.getAttribute('href').slice(1))) wrong.push(`${a.getAttribute('href')} leads nowhere`);
  }
  if (document.querySelector('script,iframe,object,embed,link,img,base,form')) wrong.push('an element that no page has');
  for (const e of document.querySelectorAll('*')) {
    for (const a of e.attributes) if (a.name.startsWith('on')) wrong.push(`${e.tagName} has ${a.name}`);
  }
  if (document.documentElement.scrollWidth > window.innerWidth) wrong.push(`${document.documentElement.scrollWidth} wide in ${window.innerWidth}`);
  // Why a rule came out so is read without scrolling sideways: nothing of it lies outside of what is to be seen.
  const reasons = [...document.querySelectorAll('.note')];
  for (const e of reasons) {
    const box = e.getBoundingClientRect();
    let [left, right] = [0, window.innerWidth];
    for (let p = e.parentElement; p; p = p.parentElement) {
      if (getComputedStyle(p).overflowX === 'visible') continue;
      const edge = p.getBoundingClientRect();
      [left, right] = [Math.max(left, edge.left), Math.min(right, edge.right)];
    }
    if (box.width < 20 || box.left < left - 0.5 || box.right > right + 0.5) wrong.push(`a reason from ${box.left} to ${box.right}, of which ${left} to ${right} is seen`);
  }
  // Cells that have to be scrolled to make no row so tall that there is nothing to see in it.
  for (const row of window.innerWidth < 600 ? document.querySelectorAll('.wide table:not(.noted) tr') : []) {
    const edge = row.closest('.wide').getBoundingClientRect();
    const seen = [...row.children].filter(e => e.getBoundingClientRect().left < edge.right).map(e => {
      const text = document.createRange();
      text.selectNodeContents(e);
      return text.getBoundingClientRect().height;
    });
    const empty = row.getBoundingClientRect().height - Math.max(...seen);
    if (row.checkVisibility() && empty > 72) wrong.push(`a row of ${row.textContent.slice(0, 60)} with ${empty} pixels of nothing`);
  }
  // On paper no number and no word at the head of a column is cut in two.
  for (const e of matchMedia('print').matches ? document.querySelectorAll('td.number, th') : []) {
    const text = document.createRange();
    text.selectNodeContents(e);
    const lines = new Set([...text.getClientRects()].map(box => Math.round(box.top))).size;
    if (e.checkVisibility() && lines > 1 && !/\s/.test(e.textContent.trim())) wrong.push(`${e.textContent} is cut in two`);
  }
  const scrolls = [...document.querySelectorAll('body *')].filter(e => ['auto', 'scroll'].includes(getComputedStyle(e).overflowX) && e.scrollWidth > e.clientWidth);
  for (const e of scrolls) {
    const name = e.getAttribute('aria-label');
    if (e.tabIndex !== 0 || e.getAttribute('role') !== 'region' || !name) wrong.push(`${e.tagName} ${name} scrolls, but not with the keyboard`);
  }
  const ids = [...document.querySelectorAll('[id]')].map(e => e.id);
  if (new Set(ids).size !== ids.length) wrong.push('an id stands twice');
  const line = document.querySelector('svg.chart [stroke="#0B57B0"], svg.chart [fill="#0B57B0"]');
  return {
    wrong,
    ground: ground.join(','),
    line: line ? (getComputedStyle(line).stroke + getComputedStyle(line).fill) : null,
    charts: document.querySelectorAll('figure svg.chart').length,
    headings: [...document.querySelectorAll('h2')].map(e => e.textContent),
    title: document.title,
    links: [...document.querySelectorAll('a[href]')].map(e => e.href),
    reasons: reasons.length,
    scrolls: scrolls.length,
    polluted: typeof window.polluted !== 'undefined',
  };
})()
"""


# Focuses the first thing that scrolls; whether there is one.
FOCUS = r"""
(() => {
  const e = [...document.querySelectorAll('[tabindex="0"]')].find(e => e.checkVisibility() && e.scrollWidth > e.clientWidth);
  if (e) { e.focus(); window.focused = e; }
  return Boolean(e);
})()
"""
# How far it went, after another frame was drawn.
SCROLLED = "new Promise(r => requestAnimationFrame(() => requestAnimationFrame(() => r(document.activeElement === focused ? focused.scrollLeft : -1))))"


class Browser:
    def __init__(self, program, profile):
        # Its end of the pipe is 3 and 4, whatever they are called here.
        ours_in, theirs_out = os.pipe()
        theirs_in, ours_out = os.pipe()
        flags = ["--headless=new", "--remote-debugging-pipe", "--no-sandbox", "--disable-gpu", "--no-first-run",
                 "--disable-background-networking", "--disable-dev-shm-usage", "--allow-file-access-from-files",
                 "--hide-scrollbars", "--force-color-profile=srgb", f"--user-data-dir={profile}"]
        script = f'exec 3<&{theirs_in} 4>&{theirs_out}; exec "$@"'
        self.process = subprocess.Popen(["bash", "-c", script, "bash", program, *flags], pass_fds=[theirs_in, theirs_out],
                                        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        os.close(theirs_in)
        os.close(theirs_out)
        self.source, self.sink = os.fdopen(ours_in, "rb", 0), os.fdopen(ours_out, "wb", 0)
        self.rest, self.number, self.events = b"", 0, []

    def message(self):
        while b"\0" not in self.rest:
            part = self.source.read(1 << 16)
            if not part:
                raise EOFError("the browser is gone")
            self.rest += part
        text, self.rest = self.rest.split(b"\0", 1)
        return json.loads(text)

    def send(self, method, session=None, **params):
        self.number += 1
        message = {"id": self.number, "method": method, "params": params}
        if session:
            message["sessionId"] = session
        self.sink.write(json.dumps(message).encode() + b"\0")
        while True:
            found = self.message()
            if found.get("id") == self.number:
                if "error" in found:
                    raise RuntimeError(f"{method}: {found['error']}")
                return found["result"]
            self.events.append(found)

    def wait(self, method):
        for place, event in enumerate(self.events):
            if event.get("method") == method:
                return self.events.pop(place)
        while True:
            found = self.message()
            if found.get("method") == method:
                return found
            self.events.append(found)


def keyboard(browser, session):
    def ask(expression):
        answer = browser.send("Runtime.evaluate", session, expression=expression, returnByValue=True, awaitPromise=True)
        return answer["result"].get("value")

    if not ask(FOCUS):
        return []
    for kind in ("keyDown", "keyUp"):
        browser.send("Input.dispatchKeyEvent", session, type=kind, key="ArrowRight", code="ArrowRight", windowsVirtualKeyCode=39)
    for _ in range(200):
        if ask(SCROLLED) > 0:
            return []
    return ["what scrolls does not scroll with the keyboard"]


def look(browser, url, shots, name):
    target = browser.send("Target.createTarget", url="about:blank")["targetId"]
    session = browser.send("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
    for domain in ("Page", "Network", "Runtime", "Log"):
        browser.send(f"{domain}.enable", session)
    wrong, found = [], {}
    modes = [("light", 1280, 900), ("dark", 1280, 900), ("middle", 800, 900), ("narrow", 400, 800), ("narrow-dark", 400, 800),
             # A4 between margins of a centimetre, as pixels of CSS.
             ("printed", 718, 1000)]
    for mode, width, height in modes:
        scheme = "dark" if "dark" in mode else "light"
        media = "print" if mode == "printed" else "screen"
        browser.send("Emulation.setEmulatedMedia", session, media=media, features=[{"name": "prefers-color-scheme", "value": scheme}])
        browser.send("Emulation.setDeviceMetricsOverride", session, width=width, height=height, deviceScaleFactor=1, mobile=width < 600)
        browser.events.clear()
        browser.send("Page.navigate", session, url=url)
        browser.wait("Page.loadEventFired")
        if mode == "light":
            browser.send("Runtime.evaluate", session, expression="document.querySelectorAll('details').forEach(d => d.open = true)")
        answer = browser.send("Runtime.evaluate", session, expression=LOOK, returnByValue=True)
        if "exceptionDetails" in answer:
            raise RuntimeError(str(answer["exceptionDetails"]))
        found[mode] = answer["result"]["value"]
        wrong += [f"{mode}: {what}" for what in found[mode]["wrong"]]
        for event in browser.events:
            method, params = event.get("method", ""), event.get("params", {})
            if method == "Network.requestWillBeSent" and params["request"]["url"] != url:
                wrong.append(f"{mode}: asks for {params['request']['url']}")
            if method in ("Runtime.consoleAPICalled", "Runtime.exceptionThrown", "Log.entryAdded"):
                wrong.append(f"{mode}: the console says {json.dumps(params)[:300]}")
            if method == "Page.javascriptDialogOpening":
                wrong.append(f"{mode}: a dialog opens")
        if mode == "narrow":
            wrong += keyboard(browser, session)
        if shots:
            size = browser.send("Page.getLayoutMetrics", session)["cssContentSize"]
            clip = {"x": 0, "y": 0, "width": width, "height": min(size["height"], 12000), "scale": 1}
            shot = browser.send("Page.captureScreenshot", session, captureBeyondViewport=True, clip=clip)["data"]
            (shots / f"{name}-{mode}.png").write_bytes(base64.b64decode(shot))
    if found["light"]["ground"] == found["dark"]["ground"]:
        wrong.append("dark is as light as light")
    if found["light"]["line"] is not None and found["light"]["line"] == found["dark"]["line"]:
        wrong.append("charts are the same in light and dark")
    if found["light"]["polluted"]:
        wrong.append("a script ran")
    browser.send("Emulation.clearDeviceMetricsOverride", session)
    browser.send("Emulation.setEmulatedMedia", session, features=[])
    pdf = base64.b64decode(browser.send("Page.printToPDF", session, printBackground=False)["data"])
    if not pdf.startswith(b"%PDF"):
        wrong.append("it cannot be printed")
    if shots:
        (shots / f"{name}.pdf").write_bytes(pdf)
    browser.send("Target.closeTarget", targetId=target)
    light = found["light"]
    for link in light["links"]:
        file = link.split("#")[0]
        path = pathlib.Path(urllib.parse.unquote(file.removeprefix("file://")))
        if not file.startswith("file://") or not path.is_file():
            wrong.append(f"{link} leads nowhere")
    return {"wrong": wrong, "charts": light["charts"], "headings": light["headings"], "title": light["title"], "links": len(light["links"]),
            "reasons": min(found[mode]["reasons"] for mode, *_ in modes), "scrolls": found["narrow"]["scrolls"]}


def main():
    arguments = sys.argv[1:]
    shots = None
    if "--shots" in arguments:
        place = arguments.index("--shots")
        shots = pathlib.Path(arguments[place + 1])
        shots.mkdir(parents=True, exist_ok=True)
        del arguments[place:place + 2]
    program, folder, *pages = arguments
    profile = tempfile.mkdtemp()
    browser = Browser(program, profile)
    try:
        found = {}
        for page in pages:
            path = pathlib.Path(folder, page).resolve()
            found[page] = look(browser, path.as_uri(), shots, page.replace("/", "_").removesuffix(".html"))
        json.dump(found, sys.stdout)
    finally:
        try:
            browser.send("Browser.close")
        except (OSError, EOFError, RuntimeError):
            browser.process.kill()
        browser.process.wait()
        shutil.rmtree(profile, ignore_errors=True)


main()
