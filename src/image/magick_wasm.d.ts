/** ImageMagick, compiled and not yet running. */
declare const magick: WebAssembly.Module;
export default magick;
