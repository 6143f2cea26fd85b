//! The 512-byte header nanoBragg writes, to the byte.

use super::super::c_format::G;
use super::padded;

/// The values of nanoBragg's SMV header. Lengths are in mm, angles in degrees; each pair is (X, Y) in the convention
/// its name says. The caller computes them: the formulas belong to the geometry.
#[derive(Debug, Clone, PartialEq)]
pub struct NanoBraggHeader {
    /// Numbers of fast and slow pixels.
    pub size: (usize, usize),
    /// Pixel edge (mm).
    pub pixel_size: f64,
    /// Distance from the sample to the beam spot (mm).
    pub distance: f64,
    /// Wavelength (Å).
    pub wavelength: f64,
    /// Beam centre in the convention that was asked for (mm).
    pub beam_center: (f64, f64),
    /// Beam centre as ADXV shows it (mm): fast from the corner, slow from the far edge.
    pub adxv_center: (f64, f64),
    /// Beam centre for MOSFLM (mm): slow and fast from the middle of the first pixel.
    pub mosflm_center: (f64, f64),
    /// Beam for DENZO (mm): slow and fast from the corner.
    pub denzo_beam: (f64, f64),
    /// Corner of the first pixel in the DIALS lab frame (mm).
    pub dials_origin: [f64; 3],
    /// Near point for XDS (pixels), the middle of the first pixel being 1.
    pub xds_org: (f64, f64),
    /// Distance from the sample to the nearest point of the detector's plane (mm).
    pub close_distance: f64,
    /// Spindle angle at the start (deg), written as `PHI` and as `OSC_START`.
    pub phi: f64,
    /// Rotation during the exposure (deg).
    pub osc_range: f64,
    /// Rotation of the detector arm (deg).
    pub two_theta: f64,
}

impl NanoBraggHeader {
    /// The header's bytes: 512, or the next multiple where numbers are so long that they do not fit. Numbers have the
    /// six digits of C's `%g`; `DIALS_ORIGIN` ends without a semicolon.
    pub fn to_bytes(&self) -> Vec<u8> {
        let pair =
            |x: &str, y: &str, (value_x, value_y): (f64, f64)| format!("{x}={};\n{y}={};\n", G(value_x), G(value_y));
        let [origin_x, origin_y, origin_z] = self.dials_origin.map(G);
        let lines = [
            format!(
                "DIM=2;\nBYTE_ORDER=little_endian;\nTYPE=unsigned_short;\nSIZE1={};\nSIZE2={};\n",
                self.size.0, self.size.1
            ),
            format!("PIXEL_SIZE={};\nDISTANCE={};\n", G(self.pixel_size), G(self.distance)),
            format!("WAVELENGTH={};\n", G(self.wavelength)),
            pair("BEAM_CENTER_X", "BEAM_CENTER_Y", self.beam_center),
            pair("ADXV_CENTER_X", "ADXV_CENTER_Y", self.adxv_center),
            pair("MOSFLM_CENTER_X", "MOSFLM_CENTER_Y", self.mosflm_center),
            pair("DENZO_X_BEAM", "DENZO_Y_BEAM", self.denzo_beam),
            format!("DIALS_ORIGIN={origin_x},{origin_y},{origin_z}\n"),
            pair("XDS_ORGX", "XDS_ORGY", self.xds_org),
            format!("CLOSE_DISTANCE={};\n", G(self.close_distance)),
            format!("PHI={0};\nOSC_START={0};\nOSC_RANGE={1};\n", G(self.phi), G(self.osc_range)),
            format!("TWOTHETA={};\n", G(self.two_theta)),
            "DETECTOR_SN=000;\nBEAMLINE=fake;\n".to_owned(),
        ];
        padded(&lines.concat())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expected(text: &str) -> Vec<u8> {
        let mut bytes = [text.as_bytes(), b"}\x0c"].concat();
        bytes.resize(512, b' ');
        bytes
    }

    #[test]
    fn a_header_measured_with_the_reference_program() {
        let header = NanoBraggHeader {
            size: (88, 80),
            pixel_size: 0.12,
            distance: 105.0,
            wavelength: 0.95,
            beam_center: (5.5, 6.1),
            adxv_center: (6.16, 4.04),
            mosflm_center: (5.5, 6.1),
            denzo_beam: (5.56, 6.16),
            dials_origin: [-6.16, 5.56, -105.0],
            xds_org: (6.16 / 0.12 + 0.5, 5.56 / 0.12 + 0.5),
            close_distance: 105.0,
            phi: 12.0,
            osc_range: 1.5,
            two_theta: 0.0,
        };
        let text = "{\nHEADER_BYTES=512;\nDIM=2;\nBYTE_ORDER=little_endian;\nTYPE=unsigned_short;\nSIZE1=88;\n\
                    SIZE2=80;\nPIXEL_SIZE=0.12;\nDISTANCE=105;\nWAVELENGTH=0.95;\nBEAM_CENTER_X=5.5;\nBEAM_CENTER_Y=6.1;\n\
                    ADXV_CENTER_X=6.16;\nADXV_CENTER_Y=4.04;\nMOSFLM_CENTER_X=5.5;\nMOSFLM_CENTER_Y=6.1;\n\
                    DENZO_X_BEAM=5.56;\nDENZO_Y_BEAM=6.16;\nDIALS_ORIGIN=-6.16,5.56,-105\nXDS_ORGX=51.8333;\n\
                    XDS_ORGY=46.8333;\nCLOSE_DISTANCE=105;\nPHI=12;\nOSC_START=12;\nOSC_RANGE=1.5;\nTWOTHETA=0;\n\
                    DETECTOR_SN=000;\nBEAMLINE=fake;\n";
        assert_eq!(header.to_bytes(), expected(text));
    }

    #[test]
    fn another_header_measured_with_the_reference_program() {
        let header = NanoBraggHeader {
            size: (96, 96),
            pixel_size: 0.1,
            distance: 100.0,
            wavelength: 1.0,
            beam_center: (4.0, 5.475),
            adxv_center: (4.0, 4.125),
            mosflm_center: (5.425, 3.95),
            denzo_beam: (5.475, 4.0),
            dials_origin: [100.0, -5.475, 4.0],
            xds_org: (40.5, 55.25),
            close_distance: 100.0,
            phi: 0.0,
            osc_range: 0.0,
            two_theta: 0.0,
        };
        let text = "{\nHEADER_BYTES=512;\nDIM=2;\nBYTE_ORDER=little_endian;\nTYPE=unsigned_short;\nSIZE1=96;\n\
                    SIZE2=96;\nPIXEL_SIZE=0.1;\nDISTANCE=100;\nWAVELENGTH=1;\nBEAM_CENTER_X=4;\nBEAM_CENTER_Y=5.475;\n\
                    ADXV_CENTER_X=4;\nADXV_CENTER_Y=4.125;\nMOSFLM_CENTER_X=5.425;\nMOSFLM_CENTER_Y=3.95;\n\
                    DENZO_X_BEAM=5.475;\nDENZO_Y_BEAM=4;\nDIALS_ORIGIN=100,-5.475,4\nXDS_ORGX=40.5;\nXDS_ORGY=55.25;\n\
                    CLOSE_DISTANCE=100;\nPHI=0;\nOSC_START=0;\nOSC_RANGE=0;\nTWOTHETA=0;\nDETECTOR_SN=000;\n\
                    BEAMLINE=fake;\n";
        assert_eq!(header.to_bytes(), expected(text));
    }

    #[test]
    fn numbers_that_do_not_fit_make_a_longer_header() {
        let long = -1.234567e-100;
        let header = NanoBraggHeader {
            size: (1, 1),
            pixel_size: long,
            distance: long,
            wavelength: long,
            beam_center: (long, long),
            adxv_center: (long, long),
            mosflm_center: (long, long),
            denzo_beam: (long, long),
            dials_origin: [long; 3],
            xds_org: (long, long),
            close_distance: long,
            phi: long,
            osc_range: long,
            two_theta: long,
        };
        let bytes = header.to_bytes();
        assert_eq!(bytes.len(), 1024);
        assert!(bytes.starts_with(b"{\nHEADER_BYTES=1024;\n"));
    }
}
