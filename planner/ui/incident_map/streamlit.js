// The few messages that Streamlit and a component exchange: ready and height out, values out, arguments in.

function send(type, payload) {
  window.parent.postMessage({ isStreamlitMessage: true, type, ...payload }, "*");
}

/** Tell Python of a value: the page runs again with it. */
export function tell(value) {
  send("streamlit:setComponentValue", { value, dataType: "json" });
}

/** Ask for the frame's height in CSS pixels. */
export function setHeight(height) {
  send("streamlit:setFrameHeight", { height });
}

/** Call `show(args, theme)` whenever Python sends arguments, and say that we are ready. */
export function listen(show) {
  window.addEventListener("message", (event) => {
    if (event.source === window.parent && event.data.type === "streamlit:render") {
      show(event.data.args, event.data.theme ?? {});
    }
  });
  send("streamlit:componentReady", { apiVersion: 1 });
}
