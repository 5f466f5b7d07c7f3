// ImageMagick's WebAssembly module, compiled when it is imported: needs no permission. Apart from the rest
// because bundlers do not understand a source import.
import source magick from "@imagemagick/magick-wasm/magick.wasm";
export default magick;
