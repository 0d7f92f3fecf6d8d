//! Where things are in a chart.

/// Width of a column of text in pixels, estimated.
pub(super) const COLUMN: f64 = 6.6;

/// Pixels between two panels.
const PANEL_GAP: f64 = 30.0;

/// The field of an axis.
#[derive(Clone, Copy)]
pub(super) struct Layout {
    pub(super) left: f64,
    pub(super) right: f64,
    pub(super) top: f64,
    pub(super) bottom: f64,
    /// So many points are side by side.
    pub(super) count: usize,
}

impl Layout {
    /// The panel of an axis, 0 above 1.
    pub(super) fn panel(self, index: usize) -> Self {
        let height = (self.bottom - self.top - PANEL_GAP) / 2.0;
        let top = self.top + index as f64 * (height + PANEL_GAP);
        Self { top, bottom: top + height, ..self }
    }

    /// Width of a point: the first and the last have half of theirs outside their dot, inside the frame.
    pub(super) fn step(&self) -> f64 {
        (self.right - self.left) / self.count.max(1) as f64
    }

    pub(super) fn x(&self, index: usize) -> f64 {
        self.left + (index as f64 + 0.5) * self.step()
    }

    pub(super) fn y(&self, share: f64) -> f64 {
        self.bottom - share * (self.bottom - self.top)
    }
}
