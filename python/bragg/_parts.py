# tidy: long because the table of keys is one.
"""The parts of an experiment: one keyword for each key of the experiment file.

Made by python/tools/make_parts.py from the program's table of keys; not to be changed by hand.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from bragg._part import Integers, Part, PathName, Quantities, Quantity, Table
from bragg._structure_factors import ReflectionSource


class Crystal(Part):
    """The crystal: its cell and orientation, its size and shape, and its structure factors.

    Parameters
    ----------
    misset : Quantities (deg, 3 values), optional
        Orientation: the crystal is turned from its default orientation (a along x, b in the xy plane) about lab x,
        then y, then z. When not given: [0.0, 0.0, 0.0].
    u_matrix : Quantities (9 values), optional
        Orientation: the rotation U by rows, A = U·B, with dxtbx's B (a along x, b in the xy plane). When not given:
        misset is used.
    a_matrix : Quantities (9 values), optional
        Cell and orientation: A by rows, columns a*, b*, c* in 1/Å, laboratory frame. When not given: misset is
        used.
    real_space_a : Quantities (Å, 3 values), optional
        Cell and orientation: the edge a in the laboratory frame, with real_space_b and real_space_c (dxtbx). When
        not given: misset is used.
    real_space_b : Quantities (Å, 3 values), optional
        The edge b in the laboratory frame. When not given: misset is used.
    real_space_c : Quantities (Å, 3 values), optional
        The edge c in the laboratory frame. When not given: misset is used.
    mosflm_matrix : PathName, optional
        Cell and orientation: a MOSFLM matrix file, A times wavelength in MOSFLM's frame. When not given: misset is
        used.
    orientation : Literal["random"], optional
        Orientation: "random" draws one uniformly from all orientations. When not given: misset is used.
    orientation_seed : int, optional
        Seed of the random orientation. When not given: 1.
    n_cells : float | Quantities (or 3 values), optional
        Number of unit cells along a, b and c of one mosaic block, which scatters coherently; between whole numbers,
        which a refinement goes through, the square shape is sin²(πNδ)/sin²(πδ) with δ ≤ ½ from the nearest
        reflection. When not given: an error: n_cells or domain_size must be given.
    domain_size : Quantity | Quantities (mm, or 3 values), optional
        Edge of one mosaic block along a, b and c; n_cells is then domain_size / edge, rounded up. When not given:
        n_cells is used.
    extent : Quantity | Quantities (mm, or 3 values), optional
        Real size of the crystal: one number, or three, two across the beam (x and y where the beam runs along z)
        and one along it; what of it lies in the beam (beam.size) is n_blocks mosaic blocks. When not given:
        n_blocks is used.
    extent_shape : Literal["box", "sphere"], optional
        Shape of the crystal with this extent: a box, or a sphere of this diameter (an ellipsoid with three). When
        not given: box, when an extent is given.
    n_blocks : float, optional
        Number of mosaic blocks in the beam, whose photons add up. When not given: automatic: illuminated volume of
        extent / volume of n_cells cells; 1 without an extent.
    shape : Literal["square", "round", "gauss", "gauss-star", "tophat", "gauss-nanobragg", "tophat-nanobragg"], optional
        Shape of the crystal (of each mosaic block), which sets that of its spots: a parallelepiped; a sphere;
        Gaussian spots as wide along each index as the block is, or round in reciprocal space ("gauss-star");
        top-hat spots; nanoBragg's Gaussian and top-hat spots, whose width does not know the cell and whose photons
        are wrong. When not given: "square".
    fudge : float, optional
        Multiplies the squared argument of the shapes other than square; photons are right at 1 and go as
        fudge^(−3/2). When not given: 1.0.
    scale : float, optional
        Multiplies all Bragg scattering, besides n_blocks. When not given: 1.0.
    space_group : str, optional
        Space group by any usual spelling ("P 43 21 2", 96, "P 21/c", "R 3 2:H"), instead of what the file says: the
        list is expanded by it to P1. When not given: that of the file; a list without one is P1.
    mosaic : Table, optional
        The mosaic domains, deg. Keys: ``distribution``, ``eta``, ``half_width``, ``domains``, ``seed``,
        ``generator``, ``frame``.
    cell : Quantities | Table, optional
        a, b, c (Å), alpha, beta, gamma (deg), of which the first few will do; or some of them by name.
    structure_factors : StructureFactors | PathName | Table, optional
        The structure factors, or the name of their file.

    Raises
    ------
    ValueError
        A value is not one that its key allows.
    TypeError
        There is no such keyword, or its value is of another type.
    """

    _table = "crystal"
    __slots__ = ()

    def __init__(
        self,
        *,
        misset: Quantities | None = None,
        u_matrix: Quantities | None = None,
        a_matrix: Quantities | None = None,
        real_space_a: Quantities | None = None,
        real_space_b: Quantities | None = None,
        real_space_c: Quantities | None = None,
        mosflm_matrix: PathName | None = None,
        orientation: Literal["random"] | None = None,
        orientation_seed: int | None = None,
        n_cells: float | Quantities | None = None,
        domain_size: Quantity | Quantities | None = None,
        extent: Quantity | Quantities | None = None,
        extent_shape: Literal["box", "sphere"] | None = None,
        n_blocks: float | None = None,
        shape: Literal["square", "round", "gauss", "gauss-star", "tophat", "gauss-nanobragg", "tophat-nanobragg"] | None = None,
        fudge: float | None = None,
        scale: float | None = None,
        space_group: str | None = None,
        mosaic: Table | None = None,
        cell: Quantities | Table | None = None,
        structure_factors: StructureFactors | PathName | Table | None = None,
    ) -> None:
        super().__init__(
            misset=misset,
            u_matrix=u_matrix,
            a_matrix=a_matrix,
            real_space_a=real_space_a,
            real_space_b=real_space_b,
            real_space_c=real_space_c,
            mosflm_matrix=mosflm_matrix,
            orientation=orientation,
            orientation_seed=orientation_seed,
            n_cells=n_cells,
            domain_size=domain_size,
            extent=extent,
            extent_shape=extent_shape,
            n_blocks=n_blocks,
            shape=shape,
            fudge=fudge,
            scale=scale,
            space_group=space_group,
            mosaic=mosaic,
            cell=cell,
            structure_factors=structure_factors,
        )


class StructureFactors(ReflectionSource):
    """The structure-factor amplitudes of the unit cell: a file here, or by one of the class methods arrays, objects
    of gemmi or reciprocalspaceship, or coordinates.

    Parameters
    ----------
    file : PathName, optional
        Structure factors (MTZ, CIF, CrystFEL, XDS, SHELX, lines h k l F), or coordinates (PDB, CIF) to compute them
        from; also compressed. When not given: every reflection has the default amplitude.
    format : Literal["auto", "text", "nanobragg-text", "mtz", "fdump", "cif", "crystfel", "shelx", "xds", "coordinates"], optional
        Format of the file: by its content and name, lines h k l F, the same as nanoBragg reads it, MTZ, nanoBragg's
        cache Fdump.bin, CIF with _refln, CrystFEL's list, SHELX's HKLF 4, XDS_ASCII, or coordinates. When not
        given: "auto".
    column : str, optional
        Label of the MTZ or CIF column with F or I; of CIF also BLOCK/COLUMN[crystal_id=1,wavelength_id=1]. When not
        given: the obvious column.
    d_min : Quantity (Å), optional
        Finest spacing of what is calculated or filled in; reflections of a file beyond it are left out. When not
        given: automatic: of coordinates: what the detector reaches (or sampling.d_min) and half a reciprocal cell
        more, two and a half for interpolation.
    models : Literal["first", "all"], optional
        Which models of coordinates scatter: the first, or all, each with the same share of the crystal. When not
        given: "first".
    solvent : bool, optional
        Whether bulk solvent fills the cell between the atoms of coordinates. When not given: true.
    k_sol : float, optional
        Density of the bulk solvent, electrons/Å³. When not given: 0.35.
    b_sol : float, optional
        B of the bulk solvent's boundary, Å². When not given: 46.0.
    anomalous : bool, optional
        Whether atoms of coordinates have dispersion corrections f′ and f″, at the mean energy of the beam's
        sources. When not given: true.
    fill : Literal["none", "constant", "coordinates", "wilson"], optional
        What the reflections to d_min get that a file of structure factors lacks: nothing, fill_amplitude, F_calc of
        fill_file on the file's scale, or amplitudes by Wilson's statistics. When not given: "none".
    fill_file : PathName, optional
        Coordinates to fill in from. When not given: only fill = "coordinates" needs it.
    fill_amplitude : float, optional
        Amplitude |F| in electrons of reflections that are filled in. When not given: an error: fill = "constant"
        needs it.
    synthetic : Literal["wilson"], optional
        Amplitudes by chance instead of a file: "wilson" draws those of a protein that fills the cell. When not
        given: the file is used.
    wilson_b : float, optional
        B of the synthetic amplitudes, Å². When not given: 20.0.
    seed : int, optional
        Seed of amplitudes by Wilson's statistics. When not given: 1.
    default : float, optional
        Amplitude |F| in electrons of every reflection that the file does not have. When not given: 0.0.
    include_f000 : bool, optional
        Whether F(0,0,0) scatters, whose photons fall onto the beam itself, where a beamstop stands. When not given:
        false.
    scale : float, optional
        Multiplies every amplitude |F|. When not given: 1.0.
    b_factor : float, optional
        B in Å²: amplitudes of the file are multiplied by exp(−B/(4 d²)), d the spacing. When not given: 0.0.
    interpolation : Literal["nearest", "tricubic", "auto"], optional
        How |F| is read between reflections. When not given: automatic: tricubic when reflections are loaded and any
        of n_cells is 1 or 2, nearest otherwise.

    Raises
    ------
    ValueError
        A value is not one that its key allows.
    TypeError
        There is no such keyword, or its value is of another type.
    """

    _table = "crystal.structure_factors"
    __slots__ = ()

    def __init__(
        self,
        *,
        file: PathName | None = None,
        format: Literal["auto", "text", "nanobragg-text", "mtz", "fdump", "cif", "crystfel", "shelx", "xds", "coordinates"] | None = None,
        column: str | None = None,
        d_min: Quantity | None = None,
        models: Literal["first", "all"] | None = None,
        solvent: bool | None = None,
        k_sol: float | None = None,
        b_sol: float | None = None,
        anomalous: bool | None = None,
        fill: Literal["none", "constant", "coordinates", "wilson"] | None = None,
        fill_file: PathName | None = None,
        fill_amplitude: float | None = None,
        synthetic: Literal["wilson"] | None = None,
        wilson_b: float | None = None,
        seed: int | None = None,
        default: float | None = None,
        include_f000: bool | None = None,
        scale: float | None = None,
        b_factor: float | None = None,
        interpolation: Literal["nearest", "tricubic", "auto"] | None = None,
    ) -> None:
        super().__init__(
            file=file,
            format=format,
            column=column,
            d_min=d_min,
            models=models,
            solvent=solvent,
            k_sol=k_sol,
            b_sol=b_sol,
            anomalous=anomalous,
            fill=fill,
            fill_file=fill_file,
            fill_amplitude=fill_amplitude,
            synthetic=synthetic,
            wilson_b=wilson_b,
            seed=seed,
            default=default,
            include_f000=include_f000,
            scale=scale,
            b_factor=b_factor,
            interpolation=interpolation,
        )


class Beam(Part):
    """The incident beam.

    Parameters
    ----------
    wavelength : Quantity (Å), optional
        Wavelength. When not given: an error: wavelength or energy must be given.
    energy : Quantity (eV), optional
        Photon energy, instead of the wavelength. When not given: wavelength is used.
    direction : Quantities (3 values), optional
        Direction from the sample to the source (dxtbx). When not given: [0.0, 0.0, 1.0].
    polarization : Literal["kahn", "none"], optional
        The polarisation factor (Kahn et al. 1982), or none. When not given: "kahn".
    polarization_fraction : float, optional
        Fraction of the intensity polarised across polarization_normal (dxtbx). When not given: 0.999.
    kahn_factor : float, optional
        Kahn's polarisation factor, 2·polarization_fraction − 1, instead of the fraction. When not given:
        polarization_fraction is used.
    polarization_normal : Quantities (3 values), optional
        Normal of the plane of polarisation (dxtbx). When not given: [0.0, 1.0, 0.0].
    polarization_vector : Quantities (3 values), optional
        Direction of the electric field, instead of the normal. When not given: polarization_normal is used.
    fluence : float, optional
        Photons per m² on the sample; the default is 10¹² photons in a square of 0.1 mm. When not given: 1e20.
    flux : float, optional
        Photons per second; fluence is then flux · exposure / size². When not given: fluence is used.
    exposure : Quantity (s), optional
        Exposure time: with flux it gives the fluence, headers have it, and counters of presets count so many
        photons a second. When not given: 1 s.
    size : Quantity (mm), optional
        Edge of the square beam: what of the crystal and the water lies in it scatters. When not given: 0.1.
    source_file : PathName, optional
        List of sources, one per line: x y z (laboratory frame, from the sample), weight, wavelength in m. When not
        given: the sources are generated.
    source_weights : Literal["apply", "ignore"], optional
        Whether the weights of the source file count (normalised to mean 1) or all sources are alike. When not
        given: "apply".
    source_wavelength : Literal["file", "beam"], optional
        Whether the source file's wavelengths are used, or the beam's for all. When not given: "file".
    divergence : Table, optional
        Directions of the beam, mrad. Keys: ``horizontal_range``, ``horizontal_step``, ``horizontal_steps``,
        ``vertical_range``, ``vertical_step``, ``vertical_steps``, ``sample``, ``round``.
    dispersion : Table, optional
        Spectrum of the beam, as fractions of the wavelength. Keys: ``range``, ``step``, ``steps``, ``sample``.

    Raises
    ------
    ValueError
        A value is not one that its key allows.
    TypeError
        There is no such keyword, or its value is of another type.
    """

    _table = "beam"
    __slots__ = ()

    def __init__(
        self,
        *,
        wavelength: Quantity | None = None,
        energy: Quantity | None = None,
        direction: Quantities | None = None,
        polarization: Literal["kahn", "none"] | None = None,
        polarization_fraction: float | None = None,
        kahn_factor: float | None = None,
        polarization_normal: Quantities | None = None,
        polarization_vector: Quantities | None = None,
        fluence: float | None = None,
        flux: float | None = None,
        exposure: Quantity | None = None,
        size: Quantity | None = None,
        source_file: PathName | None = None,
        source_weights: Literal["apply", "ignore"] | None = None,
        source_wavelength: Literal["file", "beam"] | None = None,
        divergence: Table | None = None,
        dispersion: Table | None = None,
    ) -> None:
        super().__init__(
            wavelength=wavelength,
            energy=energy,
            direction=direction,
            polarization=polarization,
            polarization_fraction=polarization_fraction,
            kahn_factor=kahn_factor,
            polarization_normal=polarization_normal,
            polarization_vector=polarization_vector,
            fluence=fluence,
            flux=flux,
            exposure=exposure,
            size=size,
            source_file=source_file,
            source_weights=source_weights,
            source_wavelength=source_wavelength,
            divergence=divergence,
            dispersion=dispersion,
        )


class Detector(Part):
    """The detector: one panel by numbers, a known one by name, or a list of panels.

    Parameters
    ----------
    preset : Literal["pilatus3-6m", "eiger2-16m", "eiger2-4m", "jungfrau-4m", "rayonix-mx340", "adsc-q315r"], optional
        A known detector: sets pixels, pixel_size, sensor and the largest count where they are not given. When not
        given: the detector is described by numbers.
    distance : Quantity (mm), optional
        Distance along the beam from the sample to the detector; negative puts it before the sample. When not given:
        an error: distance or a list of panels must be given.
    beam_center : Quantities (pixels, 2 values), optional
        Where the beam meets the detector, fast and slow, from the outer corner of the first pixel. When not given:
        automatic: the centre of the detector.
    pixels : Integers (2 values), optional
        Number of pixels along fast and slow. When not given: an error: pixels or a preset must be given.
    pixel_size : Quantity (mm), optional
        Edge of a pixel. When not given: an error: pixel_size or a preset must be given.
    fast_axis : Quantities (3 values), optional
        Direction of rows, before the detector is turned. When not given: [1.0, 0.0, 0.0].
    slow_axis : Quantities (3 values), optional
        Direction of columns, before the detector is turned. When not given: [0.0, -1.0, 0.0].
    tilt : Quantities (deg, 3 values), optional
        Turns the detector about lab x, then y, then z. When not given: [0.0, 0.0, 0.0].
    two_theta : Quantity (deg), optional
        Then turns it about two_theta_axis. When not given: 0.0.
    two_theta_axis : Quantities (3 values), optional
        Axis of two_theta. When not given: [1.0, 0.0, 0.0].
    pivot : Literal["sample", "beam"], optional
        What the detector is turned about: the sample (distance and beam_center are those before turning) or the
        beam spot (they still hold after turning). When not given: "sample".
    curvature : Literal["flat", "sphere", "nanobragg-sphere"], optional
        Whether pixels lie in the plane or on a sphere of radius distance around the sample. When not given: "flat".
    point_pixels : bool, optional
        Every pixel subtends 1/R² whatever its size and obliquity. When not given: false.
    roi : Integers (4 values), optional
        Pixels to compute: first and last along fast, first and last along slow, ends included; the others stay 0.
        When not given: all pixels.
    mask_format : Literal["auto", "nanobragg"], optional
        Format of the mask: by its name, or SMV of 16-bit samples as nanoBragg reads it, whatever its name and type.
        When not given: "auto".
    mask : PathName, optional
        Image (.img, .npy or another that is read) whose zero pixels are skipped; several panels need .npy. When not
        given: no pixel is masked.
    sensor : Table, optional
        The sensor, mm. Keys: ``material``, ``thickness``, ``attenuation_length``, ``layers``, ``layer_thickness``,
        ``sampling_depth``.
    panel : Sequence[Table], optional
        The panels of a detector that has several, instead of its distance. Keys: ``name``, ``origin``,
        ``fast_axis``, ``slow_axis``, ``normal``, ``pixels``, ``pixel_size``, ``roi``.

    Raises
    ------
    ValueError
        A value is not one that its key allows.
    TypeError
        There is no such keyword, or its value is of another type.
    """

    _table = "detector"
    __slots__ = ()

    def __init__(
        self,
        *,
        preset: Literal["pilatus3-6m", "eiger2-16m", "eiger2-4m", "jungfrau-4m", "rayonix-mx340", "adsc-q315r"] | None = None,
        distance: Quantity | None = None,
        beam_center: Quantities | None = None,
        pixels: Integers | None = None,
        pixel_size: Quantity | None = None,
        fast_axis: Quantities | None = None,
        slow_axis: Quantities | None = None,
        tilt: Quantities | None = None,
        two_theta: Quantity | None = None,
        two_theta_axis: Quantities | None = None,
        pivot: Literal["sample", "beam"] | None = None,
        curvature: Literal["flat", "sphere", "nanobragg-sphere"] | None = None,
        point_pixels: bool | None = None,
        roi: Integers | None = None,
        mask_format: Literal["auto", "nanobragg"] | None = None,
        mask: PathName | None = None,
        sensor: Table | None = None,
        panel: Sequence[Table] | None = None,
    ) -> None:
        super().__init__(
            preset=preset,
            distance=distance,
            beam_center=beam_center,
            pixels=pixels,
            pixel_size=pixel_size,
            fast_axis=fast_axis,
            slow_axis=slow_axis,
            tilt=tilt,
            two_theta=two_theta,
            two_theta_axis=two_theta_axis,
            pivot=pivot,
            curvature=curvature,
            point_pixels=point_pixels,
            roi=roi,
            mask_format=mask_format,
            mask=mask,
            sensor=sensor,
            panel=panel,
        )


class Scan(Part):
    """The rotation of the crystal during the exposure.

    Parameters
    ----------
    axis : Quantities (3 values), optional
        Axis about which the crystal turns during the exposure. When not given: [1.0, 0.0, 0.0].
    start : Quantity (deg), optional
        Angle at the start of the exposure. When not given: 0.0.
    range : Quantity (deg), optional
        Angle by which the crystal turns. When not given: automatic: steps · step, or 0.
    steps : int, optional
        Number of angles that are sampled. When not given: automatic: so many that integrated spots are right within
        2 %.
    step : Quantity (deg), optional
        Angle between samples. When not given: automatic: range / steps.
    frame : int, optional
        Number of the image in its series: mosaic domains and noise have random numbers of their own for each. When
        not given: 0.
    sample : Literal["midpoint", "start"], optional
        Whether each step is sampled in its middle or at its start. When not given: "midpoint".

    Raises
    ------
    ValueError
        A value is not one that its key allows.
    TypeError
        There is no such keyword, or its value is of another type.
    """

    _table = "scan"
    __slots__ = ()

    def __init__(
        self,
        *,
        axis: Quantities | None = None,
        start: Quantity | None = None,
        range: Quantity | None = None,
        steps: int | None = None,
        step: Quantity | None = None,
        frame: int | None = None,
        sample: Literal["midpoint", "start"] | None = None,
    ) -> None:
        super().__init__(
            axis=axis,
            start=start,
            range=range,
            steps=steps,
            step=step,
            frame=frame,
            sample=sample,
        )


class Sampling(Part):
    """How finely everything is sampled.

    Parameters
    ----------
    oversample : int, optional
        Sub-pixels along each axis of a pixel. When not given: automatic: 3 samples across the narrowest spot, at
        least 1.
    d_min : Quantity (Å), optional
        Bragg scattering of finer spacing is left out; 0 keeps everything. When not given: 0.0.
    physics : Literal["correct", "nanobragg"], optional
        How samples are combined: every factor at every sample, or as nanoBragg does. When not given: "correct".
    oversample_thick : bool, optional
        NanoBragg's -oversample_thick; only with physics = "nanobragg". When not given: false.
    oversample_polar : bool, optional
        NanoBragg's -oversample_polar; likewise. When not given: false.
    oversample_omega : bool, optional
        NanoBragg's -oversample_omega; likewise. When not given: false.
    backend : Literal["auto", "cpu", "reference"], optional
        Kernel that sums: the fastest that can make the image, the processor's, or the plain and slow one that the
        others are compared with. When not given: "auto".
    precision : Literal["double", "fast"], optional
        Arithmetic: double precision, or mixed with an error below 1e-5 of a pixel's value, for pictures, training
        data and planning; shape = "square" gains by it, other shapes stay double. When not given: "double".
    culling : float, optional
        Largest fraction of a pixel's value that may be left out by skipping orientations whose Gaussian or top-hat
        spots do not reach it; 0 skips none. When not given: 1e-7.

    Raises
    ------
    ValueError
        A value is not one that its key allows.
    TypeError
        There is no such keyword, or its value is of another type.
    """

    _table = "sampling"
    __slots__ = ()

    def __init__(
        self,
        *,
        oversample: int | None = None,
        d_min: Quantity | None = None,
        physics: Literal["correct", "nanobragg"] | None = None,
        oversample_thick: bool | None = None,
        oversample_polar: bool | None = None,
        oversample_omega: bool | None = None,
        backend: Literal["auto", "cpu", "reference"] | None = None,
        precision: Literal["double", "fast"] | None = None,
        culling: float | None = None,
    ) -> None:
        super().__init__(
            oversample=oversample,
            d_min=d_min,
            physics=physics,
            oversample_thick=oversample_thick,
            oversample_polar=oversample_polar,
            oversample_omega=oversample_omega,
            backend=backend,
            precision=precision,
            culling=culling,
        )


class Background(Part):
    """Scattering by what is not the crystal.

    Parameters
    ----------
    water : Quantity (mm), optional
        Thickness of a layer of water across the beam. When not given: water_volume is used.
    water_volume : float, optional
        Volume of water in the beam, mm³. When not given: automatic: water · beam.size², or 0.
    offset : float, optional
        Photons in every pixel besides, in the middle of each panel. When not given: 0.0.
    slope_fast : float, optional
        How many more of them there are from pixel to pixel along fast. When not given: 0.0.
    slope_slow : float, optional
        How many more of them there are from pixel to pixel along slow. When not given: 0.0.

    Raises
    ------
    ValueError
        A value is not one that its key allows.
    TypeError
        There is no such keyword, or its value is of another type.
    """

    _table = "background"
    __slots__ = ()

    def __init__(
        self,
        *,
        water: Quantity | None = None,
        water_volume: float | None = None,
        offset: float | None = None,
        slope_fast: float | None = None,
        slope_slow: float | None = None,
    ) -> None:
        super().__init__(
            water=water,
            water_volume=water_volume,
            offset=offset,
            slope_fast=slope_fast,
            slope_slow=slope_slow,
        )


class Noise(Part):
    """How photons become counts.

    Parameters
    ----------
    poisson : bool, optional
        Whether photons are counted with Poisson noise. When not given: automatic: true when a seed is given.
    seed : int, optional
        Seed of the noise. When not given: automatic: 1, when there is noise.
    adc_offset : float, optional
        Counts added to every pixel. When not given: 0; 40 in SMV images, whose readers take 0 for no value.
    gain : float, optional
        Counts per photon. When not given: 1.0.
    saturation : float, optional
        Largest count; brighter pixels are recorded as one more, which readers do not take for measured. When not
        given: that of the preset or the file format.

    Raises
    ------
    ValueError
        A value is not one that its key allows.
    TypeError
        There is no such keyword, or its value is of another type.
    """

    _table = "noise"
    __slots__ = ()

    def __init__(
        self,
        *,
        poisson: bool | None = None,
        seed: int | None = None,
        adc_offset: float | None = None,
        gain: float | None = None,
        saturation: float | None = None,
    ) -> None:
        super().__init__(
            poisson=poisson,
            seed=seed,
            adc_offset=adc_offset,
            gain=gain,
            saturation=saturation,
        )


class Output(Part):
    """Files that the command line writes, and how pictures look.

    Parameters
    ----------
    files : PathName | Sequence[PathName] (or several), optional
        Images to write; the extension names the format: .img, .cbf, .npy, .bin, .pgm, .png, .tif. When not given:
        [].
    png : Table, optional
        How pictures look. Keys: ``scale``, ``percentiles``, ``range``, ``color_map``, ``rings``, ``beam_cross``,
        ``max_width``, ``panel``, ``roi``, ``zoom``, ``binning``.

    Raises
    ------
    ValueError
        A value is not one that its key allows.
    TypeError
        There is no such keyword, or its value is of another type.
    """

    _table = "output"
    __slots__ = ()

    def __init__(
        self,
        *,
        files: PathName | Sequence[PathName] | None = None,
        png: Table | None = None,
    ) -> None:
        super().__init__(
            files=files,
            png=png,
        )
