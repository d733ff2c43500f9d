// Builds the page into serve/web/page: every file gzipped, all but index.html named by its content.
import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { mkdir, rename, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import * as esbuild from "esbuild";

const here = path.dirname(fileURLToPath(import.meta.url));
const out = path.join(here, "../serve/web/page");
const aside = `${out}.new`;

const MIT = `Permission is hereby granted, free of charge, to any person obtaining a copy of this
software and associated documentation files (the "Software"), to deal in the Software without
restriction, including without limitation the rights to use, copy, modify, merge, publish,
distribute, sublicense, and/or sell copies of the Software, and to permit persons to whom the
Software is furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in all copies or
substantial portions of the Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING BUT NOT
LIMITED TO THE WARRANTIES OF MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT.
IN NO EVENT SHALL THE AUTHORS OR COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER
LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING FROM, OUT OF OR IN
CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE SOFTWARE.`;

const built = await esbuild.build({
  absWorkingDir: here,
  entryPoints: ["src/main.ts", "src/page.css"],
  outdir: "out",
  bundle: true,
  write: false,
  metafile: true,
  minify: true,
  splitting: true,
  format: "esm",
  target: "es2022",
  entryNames: "[name]-[hash]",
  chunkNames: "[name]-[hash]",
  assetNames: "[name]-[hash]",
  loader: { ".wasm": "file" },
  legalComments: "none", // They are in licences.txt.
  // Parts of the runtime for Node, which no browser reaches.
  external: ["module", "worker_threads", "fs", "path", "url", "node:*"],
});

const files = new Map(built.outputFiles.map((file) => [path.basename(file.path), file.contents]));
const icon = readFileSync(path.join(here, "icon.svg"));
const iconName = `icon-${createHash("sha256").update(icon).digest("hex").slice(0, 8)}.svg`;
files.set(iconName, icon);
files.set("licences.txt", licences());

const names = {
  SCRIPT: outputOf("src/main.ts"),
  STYLE: outputOf("src/page.css"),
  PRELOADS: preloads(),
  WASM: named(/\.wasm$/),
  ICON: iconName,
};
const template = readFileSync(path.join(here, "index.html"), "utf8");
const html = template.replaceAll(/\{\{(\w+)\}\}/g, (_, name) => {
  if (!(name in names)) throw new Error(`index.html asks for ${name}, which nothing gives`);
  return names[name];
});
files.set("index.html", Buffer.from(html));

await rm(aside, { recursive: true, force: true });
await mkdir(aside, { recursive: true });
for (const [name, content] of files) {
  await writeFile(path.join(aside, `${name}.gz`), gzipSync(content, { level: 9 }));
}
await rm(out, { recursive: true, force: true });
await rename(aside, out);
console.log(`serve/web/page: the page's own script has ${files.get(names.SCRIPT).length} bytes`);

function outputOf(entry) {
  const found = Object.entries(built.metafile.outputs).find(([, o]) => o.entryPoint === entry);
  return path.basename(found[0]);
}

function named(pattern) {
  const found = [...files.keys()].filter((name) => pattern.test(name));
  if (found.length !== 1) throw new Error(`${pattern} is the name of ${found.length} files`);
  return found[0];
}

/** Returns the links by which a browser loads all modules at once, not one after the other. */
function preloads() {
  const modules = [...files.keys()].filter((name) => /^(?!main-).*\.js$/.test(name));
  return modules.map((name) => `<link rel="modulepreload" href="assets/${name}" />`).join("\n    ");
}

/** Returns the line that says whose a package without a licence file is. */
function holderOf(name) {
  const files = Object.keys(built.metafile.inputs).filter((file) => file.includes(`/${name}/`));
  const text = files.map((file) => readFileSync(path.join(here, file), "latin1")).join("\n");
  const holder = text.match(/^ \* (Copyright \(c\) .*)$/m)?.[1];
  if (!holder) throw new Error(`${name} does not say whose it is`);
  return holder;
}

/** Returns the licence of every package that went into the page. */
function licences() {
  const inputs = Object.keys(built.metafile.inputs);
  const packages = new Set(inputs.map((file) => file.match(/node_modules\/((?:@[^/]+\/)?[^/]+)/)?.[1]));
  packages.delete(undefined);
  const texts = [...packages].sort().map((name) => {
    const folder = path.join(here, "node_modules", name);
    const about = JSON.parse(readFileSync(path.join(folder, "package.json"), "utf8"));
    const file = ["LICENSE", "LICENSE.txt", "LICENSE.md"]
      .map((licence) => path.join(folder, licence))
      .find(existsSync);
    if (!file && about.license !== "MIT") throw new Error(`${name} has no licence: add it here`);
    const text = file ? readFileSync(file, "utf8") : `${holderOf(name)}\n\n${MIT}`;
    return `${name} ${about.version}\n\n${text.trim()}\n`;
  });
  return Buffer.from(texts.join("\n\n"));
}
